"""Who may run a run: compare-and-set on its row, by the database's clock alone.

An executor holds a run by its attempt number and a lease that it renews. Whoever has an older attempt number cannot
write any more; whoever does not renew in time is taken for lost.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import DateTimeField, Func, QuerySet
from django.db.models.expressions import Combinable

from upkeep.conf import conf
from upkeep.operations import rows
from upkeep.operations.errors import AlreadyRunningError, LostClaim, RunInterrupted
from upkeep.operations.leases import losses
from upkeep.operations.models import Run, RunFile
from upkeep.operations.states import ENDED, RESUMABLE, Status
from upkeep.operations.version import code_version

CLAIM = """
UPDATE upkeep_operations_run
   SET status = 'running', attempt = attempt + 1, executor = %(executor)s, not_before = NULL, error = '',
       started_at = coalesce(started_at, clock_timestamp()),
       versions = CASE WHEN versions -> -1 ->> 'version' = %(version)s THEN versions
                       ELSE versions || jsonb_build_object('attempt', attempt + 1, 'version', %(version)s::text) END,
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
 WHERE id = %(run)s AND status = 'queued' AND cancel_at IS NULL AND follows_id IS NULL
   AND (not_before IS NULL OR not_before <= clock_timestamp())
   AND (expires_at IS NULL OR expires_at > clock_timestamp() OR attempt > 0)
RETURNING attempt
"""

GOES_BACK = "%(status)s = 'queued' AND cancel_at IS NULL"
RELEASE = f"""
WITH released AS (
    UPDATE upkeep_operations_run
       SET status = CASE WHEN {GOES_BACK} THEN 'queued' WHEN %(status)s = 'queued' THEN 'cancelled' ELSE %(status)s END,
           finished_at = CASE WHEN {GOES_BACK} THEN NULL ELSE clock_timestamp() END,
           sent_at = CASE WHEN {GOES_BACK} THEN clock_timestamp() ELSE sent_at END,
           error = %(error)s, lease_until = NULL
     WHERE id = %(run)s AND attempt = %(attempt)s AND status = 'running'
    RETURNING id, finished_at),
forgotten AS (
    DELETE FROM upkeep_operations_runfile AS file USING released
     WHERE file.run_id = released.id AND released.finished_at IS NOT NULL)
SELECT id FROM released
"""  # noqa: S608 - made of the constant above

CLAIM_AGAIN = """
UPDATE upkeep_operations_run
   SET attempt = attempt + 1, losses = losses + 1, lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
 WHERE id = %(run)s AND attempt = %(attempt)s AND status = 'running'
RETURNING attempt
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
    try:
        return _claim(run_id)
    except IntegrityError:
        key = Run.objects.values_list("exclusive_key", flat=True).get(pk=run_id)
    losses.release_late_holder(key or "")
    try:
        return _claim(run_id)
    except IntegrityError:
        raise AlreadyRunningError(_holder(key)) from None


def _claim(run_id: UUID) -> int | None:
    """As `claim`. Raises IntegrityError when another run holds its exclusive key."""
    values: dict[str, Any] = {
        "run": run_id,
        "executor": executor(os.getpid()),
        "version": code_version(),
        "lease": conf().LEASE_SECONDS,
    }
    with connection.cursor() as cursor, transaction.atomic() if connection.in_atomic_block else nullcontext():
        cursor.execute(CLAIM, values)
        row = cursor.fetchone()
    return row[0] if row else None


def claim_again(run_id: UUID, attempt: int) -> int | None:
    """Continue as the executor of a run after the connection was lost, and it is unknown whether its commit succeeded.

    Waits for that commit, if it is still under way; from then on, it cannot be done any more.

    Returns:
        The new attempt number, whose row tells the true progress; None when the run is not this executor's any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLAIM_AGAIN, {"run": run_id, "attempt": attempt, "lease": conf().LEASE_SECONDS})
        row = cursor.fetchone()
    return row[0] if row else None


def held(run_id: UUID, attempt: int) -> Run:
    """The run, as long as this attempt holds it. Raises LostClaim."""
    run = rows.find(run_id)
    if run is None or (run.attempt, run.status) != (attempt, Status.RUNNING):
        raise LostClaim(str(run_id))
    return run


def lock(run_id: UUID, attempt: int) -> None:
    """Keep others from taking or cancelling the run until the end of the transaction.

    Raises:
        LostClaim: see `write`.
        RunInterrupted: somebody asked it to stop.
    """
    row = _held_by(run_id, attempt).select_for_update().values_list("cancel_at").first()
    if row is None:
        raise LostClaim(str(run_id))
    if row[0]:
        raise RunInterrupted


def commits(run_id: UUID) -> int:
    """How often the run's progress was written; nobody else writes it until the end of the transaction.

    Raises LostClaim when the run was deleted.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT commits FROM upkeep_operations_run WHERE id = %s FOR UPDATE", [run_id])
        row = cursor.fetchone()
    if row is None:
        raise LostClaim(str(run_id))
    return int(row[0])


def park(run_id: UUID, attempt: int) -> None:
    """Keep the run running without an executor: it waits for its parts. Raises LostClaim like `write`."""
    # A new attempt number, which no executor has: else this executor's watch would keep renewing the lease.
    if not _held_by(run_id, attempt).update(attempt=attempt + 1, lease_until=None):
        raise LostClaim(str(run_id))


def executor(pid: int) -> str:
    """A process of this machine, as runs name it."""
    return f"{socket.gethostname()}:{pid}"


def _holder(key: str | None) -> str:
    holder = Run.objects.filter(exclusive_key=key, status=Status.RUNNING).first()
    if holder is None:
        return f"another run held {key!r} until just now: try again"
    since = f"{holder.started_at:%H:%M:%S} UTC"
    return f"already running: {holder.operation}, run {holder.id}, on {holder.executor} since {since}"


def renew(run_id: UUID, attempt: int) -> None:
    """Extend the executor's lease, if it still holds the run."""
    _held_by(run_id, attempt).update(lease_until=_lease())


def write(run_id: UUID, attempt: int, commits: int, fields: Mapping[str, Any]) -> None:
    """Write `fields` of a run that this executor holds and has written so often, and renew the lease.

    Raises:
        LostClaim: the run is another executor's, or a commit went through whose success this one never saw; the
            caller's transaction must roll back.
    """
    if not _held_by(run_id, attempt).filter(commits=commits).update(**fields, lease_until=_lease()):
        raise LostClaim(str(run_id))


def release(run_id: UUID, attempt: int, status: Status, error: str = "") -> None:
    """Give up the claim: the run becomes `status`. Raises LostClaim like `write`.

    A run that somebody asked to stop does not go back to the queue: it is cancelled. One that does is to be sent.
    """
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, {"run": run_id, "attempt": attempt, "status": status, "error": error})
        if not cursor.fetchone():
            raise LostClaim(str(run_id))


def move(run_id: UUID, before: Status, after: Status, **fields: Any) -> bool:
    """Move a run without an executor from `before` to `after`; False when it was no longer `before`."""
    finished = DatabaseNow() if after in ENDED else None
    with transaction.atomic():
        moved = Run.objects.filter(pk=run_id, status=before).update(status=after, finished_at=finished, **fields)
        if moved and finished:
            RunFile.objects.filter(run=run_id).delete()
    return bool(moved)


def requeue(run: Run, *, queue: str) -> bool:
    """Make a failed or cancelled run queued again, to continue after its last commit; False when it is neither."""
    before = Status(run.status)
    anew = {
        "cancel_at": None,
        "expires_at": None,
        "not_before": DatabaseNow(),
        "losses": 0,
        "error": "",
        "resumed": True,
    }
    sent_at = DatabaseNow() if queue else None
    return before in RESUMABLE and move(run.pk, before, Status.QUEUED, queue=queue, sent_at=sent_at, **anew)


def _held_by(run_id: UUID, attempt: int) -> QuerySet[Run]:
    return Run.objects.filter(pk=run_id, attempt=attempt, status=Status.RUNNING)


def _lease() -> Combinable:
    return DatabaseNow() + timedelta(seconds=conf().LEASE_SECONDS)
