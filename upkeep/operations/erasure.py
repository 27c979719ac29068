"""Deleting runs, with their params, their changes and their logs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, takewhile

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet

from upkeep.operations.cancellation import cancel
from upkeep.operations.delivery import chains, statements
from upkeep.operations.execution.shares import Cursor
from upkeep.operations.models import Run, RunChange, RunDigest, RunFile, RunLog, RunSubject
from upkeep.operations.plans import Change
from upkeep.operations.states import ENDED, RESUMABLE, Status

MAX_RUNS = 500
MAX_ROWS = 50_000
"""Of changes; a batch is to be quick."""
COLUMNS = ("id", "operation", "status", "created_at", "changes_recorded")
"""Of a run that goes: its result may be large."""
DELETE = "DELETE FROM upkeep_operations_run WHERE id = ANY(%(gone)s) RETURNING id"
"""Django would load each row before."""
RECORDED = (RunChange, RunDigest, RunLog, RunFile, RunSubject)
"""What is recorded of a run beside its row."""


def ended_before(done: datetime, *, resumable: datetime) -> QuerySet[Run]:
    """Runs that ended before `done`; those that can be resumed, which failed or were cancelled, before `resumable`.

    A run of which a part has not ended is not among them.
    """
    old = Q(status__in=ENDED - RESUMABLE, finished_at__lt=done) | Q(status__in=RESUMABLE, finished_at__lt=resumable)
    open_parts = Run.objects.filter(parent=OuterRef("pk")).exclude(status__in=ENDED)
    return Run.objects.filter(old).exclude(Exists(open_parts))


def pages(concerned: QuerySet[Run]) -> Callable[[Cursor], Iterator[tuple[Sequence[Run], Cursor]]]:
    """A source of these runs; their parts go with them."""
    runs = concerned.filter(parent=None).order_by("pk").only(*COLUMNS)

    def after(cursor: Cursor) -> Iterator[tuple[Sequence[Run], Cursor]]:
        while found := list((runs if cursor is None else runs.filter(pk__gt=cursor))[:MAX_RUNS]):
            sums = accumulate(run.changes_recorded for run in found)
            number = max(1, len(list(takewhile(lambda rows: rows <= MAX_ROWS, sums))))
            cursor = str(found[number - 1].pk)
            yield found[:number], cursor

    return after


def plan(runs: Iterable[Run]) -> list[Change]:
    """One change a run: it goes, unless somebody is carrying it out. A queued one is cancelled before."""
    return [_planned(run) for run in runs]


def erase(changes: Sequence[Change]) -> None:
    """Carry that plan out: no row of these runs stays, nor of their parts.

    A message that is still under way makes no new run: it says that there was one.

    Raises:
        ValidationError: one of them was started or resumed in the meantime; nothing was deleted.
    """
    for change in changes:
        if change.fields:
            cancel(change.payload.pk)
    gone = [change.payload.pk for change in changes]
    runs = Run.objects.filter(Q(pk__in=gone) | Q(parent__in=gone))
    status = dict(runs.select_for_update().values_list("pk", "status"))
    if not set(status.values()) <= ENDED:
        raise ValidationError("it was started in the meantime")
    for run_id in set(runs.filter(followers__status=Status.QUEUED).values_list("pk", flat=True)):
        chains.follow(run_id)  # it may have ended just now
    Run.objects.filter(follows__in=status).update(follows=None)  # a run that ended before it may be kept longer
    for model in RECORDED:
        model.objects.filter(run__in=status).delete()
    statements.ids(DELETE, gone=list(status))


def by_operation(change: Change) -> Mapping[str, int]:
    """How many runs of which operation a change deletes."""
    return {change.payload.operation: 1} if change.action == "deleted" else {}


def _planned(run: Run) -> Change:
    label = f"run of {run.operation}, {run.created_at:%Y-%m-%d %H:%M}"
    if run.status == Status.RUNNING:
        return Change("skipped", str(run.pk), label, reason="running")
    cancelled = {"status": (run.status, Status.CANCELLED)} if run.status == Status.QUEUED else {}
    return Change("deleted", str(run.pk), label, cancelled, payload=run)
