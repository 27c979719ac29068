"""Runs that should be executing but are not: found by their rows, and restarted.

Every worker sweeps every RUN_SWEEP_SECONDS, so that neither Beat nor the broker's memory is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction

from upkeep.operations.delivery import chains, resending
from upkeep.operations.delivery.statements import ids, rows, try_lock
from upkeep.operations.execution import parts
from upkeep.operations.leases import losses
from upkeep.operations.leases.losses import Released

EXPIRED = "status = 'queued' AND attempt = 0 AND expires_at < clock_timestamp()"
ABANDONED = """
    status = 'queued' AND queue = ''
    AND greatest(created_at, not_before) < clock_timestamp() - make_interval(secs => %(lease)s)
"""
"""A run in the foreground whose process died before it began."""

LOOK = f"""
SELECT count(*) FILTER (WHERE status = 'running' AND {losses.LEASE_PASSED}),
       count(*) FILTER (WHERE {EXPIRED}),
       count(*) FILTER (WHERE {ABANDONED}),
       count(*) FILTER (WHERE {parts.DONE}),
       count(*) FILTER (WHERE {chains.DECIDED}),
       count(*) FILTER (WHERE {resending.STARTABLE} AND sent_at IS NULL),
       count(*) FILTER (WHERE {resending.OVERDUE})
  FROM upkeep_operations_run WHERE status IN ('queued', 'running')
"""  # noqa: S608 - made of the constants above, as those below

FINISHED = f"SELECT id FROM upkeep_operations_run WHERE {parts.DONE}"  # noqa: S608
DECIDED = f"SELECT DISTINCT follows_id FROM upkeep_operations_run WHERE {chains.DECIDED}"  # noqa: S608
END = """
UPDATE upkeep_operations_run SET status = %(status)s, finished_at = clock_timestamp(), error = %(error)s
 WHERE id IN (SELECT id FROM upkeep_operations_run WHERE {which} FOR UPDATE SKIP LOCKED)
RETURNING id
"""
"""Rows that somebody holds are left for the next sweep, here and below: it may be somebody who is frozen."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    released: Sequence[Released] = ()
    """Runs whose executor was lost."""
    skipped: Sequence[UUID] = ()
    """Runs that were not started in time."""
    finished: Sequence[UUID] = ()
    """Runs whose parts had all ended."""
    sent: Sequence[UUID] = ()
    """Runs whose message was sent, maybe again."""
    unreachable: Sequence[str] = ()
    """Queues whose broker does not answer, with runs to be sent."""


def sweep() -> Swept:
    """Look once, with one query when there is nothing to do. Only one process does this at a time."""
    late, expired, abandoned, done, decided, unsent, overdue = rows(LOOK)[0]
    swept = Swept()
    if late or expired or abandoned or done or decided:
        swept = _settled()
    if unsent or overdue or swept.released or swept.finished:
        sent, unreachable = resending.send()
        return replace(swept, sent=sent, unreachable=unreachable)
    return swept


def _settled() -> Swept:
    with transaction.atomic():
        if not try_lock():
            return Swept()
        released = losses.release_late()
        error = "it expired before a worker took it"
        skipped = ids(END.format(which=EXPIRED), status="skipped", error=error)
        ids(END.format(which=ABANDONED), status="cancelled", error="its process ended before it began")
        finished = ids(FINISHED)
        decided = ids(DECIDED)
    for run in finished:
        parts.settle(run)
    for run in decided:
        chains.follow(run)
    return Swept(released, skipped, finished)
