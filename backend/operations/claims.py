"""Who may run a run: compare-and-set on its row, by the database's clock alone.

An executor holds a run by its attempt number and a lease that it renews. Whoever has an older attempt number cannot
write any more; whoever does not renew in time is taken for lost.
"""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, DateTimeField, F, Func, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from backend.operations.errors import AlreadyRunningError, LostClaim
from backend.operations.models import Run, RunFile
from backend.operations.states import ENDED, Status, check_transition

CLAIM = """
UPDATE operations_run
   SET status = 'running', attempt = attempt + 1, executor = %(executor)s, not_before = NULL, error = '',
       started_at = coalesce(started_at, clock_timestamp()),
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
 WHERE id = %(run)s AND status = 'queued' AND cancel_at IS NULL
   AND (not_before IS NULL OR not_before <= clock_timestamp())
RETURNING attempt
"""

RELEASE_LOST_HOLDER = """
UPDATE operations_run
   SET status = CASE WHEN cancel_at IS NOT NULL THEN 'cancelled' WHEN queue = '' THEN 'failed' ELSE 'queued' END,
       finished_at = CASE WHEN cancel_at IS NOT NULL OR queue = '' THEN clock_timestamp() END,
       error = CASE WHEN queue = '' THEN 'its process ended: resume_run ' || id || ' takes it up' ELSE '' END,
       losses = losses + 1, lease_until = NULL
 WHERE exclusive_key = %(key)s AND status = 'running' AND lease_until < clock_timestamp()
RETURNING id, finished_at
"""


class DatabaseNow(Func):
    """The time by the database's clock, also inside a transaction."""

    function = "clock_timestamp"
    arity = 0
    output_field = DateTimeField()


def claim(run_id: UUID) -> int | None:
    """Make this process the executor of a queued run.

    Returns:
        The attempt number, or None when the run is not to be claimed: somebody else has it, it ended, it was
        cancelled, or its time has not come.

    Raises:
        AlreadyRunningError: another run holds its exclusive key; the message names it.
    """
    values = {"run": run_id, "executor": f"{socket.gethostname()}:{os.getpid()}", "lease": settings.RUN_LEASE_SECONDS}
    key = Run.objects.filter(pk=run_id).values_list("exclusive_key", flat=True).first()
    with connection.cursor() as cursor:
        if key:
            cursor.execute(RELEASE_LOST_HOLDER, {"key": key})
            RunFile.objects.filter(run__in=[lost for lost, finished_at in cursor.fetchall() if finished_at]).delete()
        try:
            with transaction.atomic():
                cursor.execute(CLAIM, values)
                row = cursor.fetchone()
        except IntegrityError:
            raise AlreadyRunningError(_holder(key)) from None
    return row[0] if row else None


def _holder(key: str | None) -> str:
    holder = Run.objects.filter(exclusive_key=key, status=Status.RUNNING).first()
    if holder is None:
        return f"another run held {key!r} until just now: try again"
    since = f"{holder.started_at:%H:%M:%S} UTC"
    return f"already running: {holder.operation}, run {holder.id}, on {holder.executor} since {since}"


def renew(run_id: UUID, attempt: int) -> None:
    """Extend the executor's lease, if it still holds the run."""
    _held_by(run_id, attempt).update(lease_until=_lease())


def write(run_id: UUID, attempt: int, fields: Mapping[str, Any]) -> None:
    """Write `fields` of a run that this executor holds, and renew the lease.

    Raises:
        LostClaim: the run is another executor's; the caller's transaction must roll back.
    """
    if not _held_by(run_id, attempt).update(**fields, lease_until=_lease()):
        raise LostClaim(str(run_id))


def leave(run_id: UUID, attempt: int, status: Status, fields: Mapping[str, Any]) -> None:
    """Give up the claim: the run becomes `status`. Raises LostClaim like `write`.

    A run that somebody asked to stop does not go back to the queue: it is cancelled.
    """
    with transaction.atomic():
        asked = _held_by(run_id, attempt).select_for_update().values_list("cancel_at", flat=True).first()
        status = Status.CANCELLED if asked and status is Status.QUEUED else status
        check_transition(Status.RUNNING, status)
        finished = DatabaseNow() if status in ENDED else None
        left = _held_by(run_id, attempt).update(**fields, status=status, finished_at=finished, lease_until=None)
        if not left:
            raise LostClaim(str(run_id))
        if finished:
            RunFile.objects.filter(run=run_id).delete()


def move(run_id: UUID, before: Status, after: Status, **fields: Any) -> bool:
    """Let a run that nobody executes go from `before` to `after`; False when it was not `before` any more."""
    check_transition(before, after)
    finished = DatabaseNow() if after in ENDED else None
    with transaction.atomic():
        moved = Run.objects.filter(pk=run_id, status=before).update(status=after, finished_at=finished, **fields)
        if moved and finished:
            RunFile.objects.filter(run=run_id).delete()
    return bool(moved)


def cancel(run_id: UUID, *, killed: bool = False) -> Status | None:
    """Ask a run to stop: a queued one is cancelled at once, a running one as soon as its executor sees it.

    One whose executor was `killed` is cancelled at once, too.

    Returns:
        The status it has now; None when there is no such run.
    """
    unattended = Q(status__in=[Status.QUEUED, Status.RUNNING] if killed else [Status.QUEUED])
    with transaction.atomic():
        # One statement: a run that changes hands between two would lose the request.
        Run.objects.filter(pk=run_id, status__in=[Status.QUEUED, Status.RUNNING]).update(
            cancel_at=Coalesce("cancel_at", DatabaseNow()),
            finished_at=Case(When(unattended, then=DatabaseNow())),
            lease_until=Case(When(unattended, then=None), default=F("lease_until")),
            status=Case(When(unattended, then=Value(Status.CANCELLED)), default=F("status")),
        )
        RunFile.objects.filter(run=run_id, run__status=Status.CANCELLED).delete()
    status = Run.objects.filter(pk=run_id).values_list("status", flat=True).first()
    return Status(status) if status else None


def _held_by(run_id: UUID, attempt: int) -> QuerySet[Run]:
    return Run.objects.filter(pk=run_id, attempt=attempt, status=Status.RUNNING)


def _lease() -> Combinable:
    return DatabaseNow() + timedelta(seconds=settings.RUN_LEASE_SECONDS)
