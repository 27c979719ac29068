"""Forgetting runs, with their params, their changes and their logs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, takewhile
from uuid import UUID

from django.db.models import Q, QuerySet

from backend.operations.cancellation import cancel
from backend.operations.models import Run
from backend.operations.plans import Change
from backend.operations.shares import Cursor
from backend.operations.states import ENDED, Status

MOST_RUNS = 200
MOST_ROWS = 50_000
"""Of changes; a batch is to be quick."""
AWAITED = Q(status=Status.CANCELLED, started_at=None) & ~Q(queue="")
"""Their messages may still be with the broker, and without its row a message would make a new run."""


def pages(concerned: QuerySet[Run]) -> Callable[[Cursor], Iterator[tuple[Sequence[Run], Cursor]]]:
    """A source of these runs; their parts go with them."""
    runs = concerned.filter(parent=None).order_by("pk")

    def after(cursor: Cursor) -> Iterator[tuple[Sequence[Run], Cursor]]:
        while found := list((runs if cursor is None else runs.filter(pk__gt=cursor))[:MOST_RUNS]):
            sums = accumulate(run.changes_recorded for run in found)
            number = max(1, len(list(takewhile(lambda rows: rows <= MOST_ROWS, sums))))
            cursor = str(found[number - 1].pk)
            yield found[:number], cursor

    return after


def plan(runs: Iterable[Run]) -> list[Change]:
    """One change a run: it goes, unless somebody is carrying it out. A queued one is cancelled."""
    return [_planned(run) for run in runs]


def forget(changes: Sequence[Change]) -> None:
    """Carry that plan out. Of a run whose message may still be under way a row stays, without its params."""
    for change in changes:
        if change.action == "updated":
            cancel(change.payload)
    concerned = Run.objects.filter(pk__in=[change.payload for change in changes], status__in=ENDED)
    concerned.filter(AWAITED).update(params={}, error="")
    concerned.exclude(AWAITED).delete()


def _planned(run: Run) -> Change:
    key: UUID = run.pk
    label = f"run of {run.operation}, {run.created_at:%Y-%m-%d %H:%M}"
    if run.status == Status.RUNNING:
        return Change("skipped", str(key), label, reason="running")
    if run.status == Status.QUEUED:
        return Change("updated", str(key), label, {"status": (run.status, Status.CANCELLED)}, payload=key)
    return Change("deleted", str(key), label, payload=key)
