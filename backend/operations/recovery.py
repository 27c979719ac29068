"""Runs that nobody works on although somebody should: found by their rows, and got going again.

Every worker sweeps every RUN_SWEEP_SECONDS, so that neither Beat nor the broker's memory is needed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from backend.operations import losses, messages, parts, registry
from backend.operations.losses import Released
from backend.operations.models import Run

LOCK = 7_385_530
"""Of the advisory lock under which one worker at a time sweeps."""
MOST_SENT = 1_000
"""Messages in one sweep."""

STARTABLE = """
    status = 'queued' AND queue <> '' AND operation = ANY(%(operations)s) AND cancel_at IS NULL
    AND (not_before IS NULL OR not_before <= clock_timestamp())
    AND (exclusive_key IS NULL OR NOT EXISTS (
        SELECT 1 FROM operations_run AS holder
         WHERE holder.exclusive_key = operations_run.exclusive_key AND holder.status = 'running'))
"""
OVERDUE = f"{STARTABLE} AND sent_at < clock_timestamp() - make_interval(secs => %(resend)s)"
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
       count(*) FILTER (WHERE {STARTABLE} AND sent_at IS NULL),
       count(*) FILTER (WHERE {OVERDUE})
  FROM operations_run WHERE status IN ('queued', 'running')
"""  # noqa: S608 - made of the constants above, as those below

FINISHED = f"SELECT id FROM operations_run WHERE {parts.DONE}"  # noqa: S608
END = """
UPDATE operations_run SET status = %(status)s, finished_at = clock_timestamp(), error = %(error)s
 WHERE id IN (SELECT id FROM operations_run WHERE {which} FOR UPDATE SKIP LOCKED)
RETURNING id
"""
"""Rows that somebody holds are left for the next sweep, here and below: it may be somebody who is frozen."""

MOVE = """
UPDATE operations_run SET queue = %(queue)s, sent_at = NULL
 WHERE id IN (SELECT id FROM operations_run
               WHERE status = 'queued' AND operation = ANY(%(names)s) AND queue <> '' AND queue <> ALL(%(queues)s)
                 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
"""Runs from before their operation got another queue, when nobody listens to theirs any more."""

MARK_UNSENT = f"""
WITH found AS (
    SELECT id FROM (SELECT DISTINCT ON (coalesce(exclusive_key, id::text)) id, created_at FROM operations_run
                     WHERE {STARTABLE} AND sent_at IS NULL AND queue = ANY(%(queues)s)
                     ORDER BY coalesce(exclusive_key, id::text), created_at) AS first
     ORDER BY created_at LIMIT %(most)s)
UPDATE operations_run SET sent_at = clock_timestamp()
 WHERE id IN (SELECT id FROM operations_run
               WHERE status = 'queued' AND sent_at IS NULL AND id IN (SELECT id FROM found) FOR UPDATE SKIP LOCKED)
RETURNING id
"""  # noqa: S608
"""Of those that wait for the same key, the oldest."""

MARK_OVERDUE = f"""
WITH sent AS (SELECT count(*) AS number FROM operations_run
               WHERE status = 'queued' AND queue = %(queue)s AND sent_at IS NOT NULL)
UPDATE operations_run SET sent_at = clock_timestamp()
 WHERE id IN (
    SELECT id FROM operations_run WHERE {OVERDUE} AND queue = %(queue)s
     ORDER BY created_at LIMIT (SELECT greatest(0, least(%(most)s, number - %(length)s)) FROM sent)
       FOR UPDATE SKIP LOCKED)
RETURNING id
"""  # noqa: S608
"""As many as there are more queued runs than messages in the broker's queue: those messages are lost."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    released: Sequence[Released] = ()
    """Runs whose executor was lost."""
    skipped: Sequence[UUID] = ()
    """Runs that nobody started in time."""
    finished: Sequence[UUID] = ()
    """Runs whose parts had all ended."""
    sent: Sequence[UUID] = ()
    """Runs whose message was sent, maybe again."""
    unreachable: Sequence[str] = ()
    """Queues whose broker does not answer, with runs to be sent."""


def sweep() -> Swept:
    """Look once, with one query when there is nothing to do. Only one process does this at a time."""
    late, expired, abandoned, done, unsent, overdue = _row(LOOK)
    swept = Swept()
    if late or expired or abandoned or done:
        swept = _settled()
    if unsent or overdue or swept.released or swept.finished:
        sent, unreachable = _send()
        return replace(swept, sent=sent, unreachable=unreachable)
    return swept


def _settled() -> Swept:
    with transaction.atomic():
        if not _alone():
            return Swept()
        released = losses.release_late()
        error = "it expired before a worker took it"
        skipped = _ids(END.format(which=EXPIRED), status="skipped", error=error)
        _ids(END.format(which=ABANDONED), status="cancelled", error="its process ended before it began")
        finished = _ids(FINISHED)
    for run in finished:
        parts.settle(run)
    return Swept(released, skipped, finished)


def _send() -> tuple[list[UUID], list[str]]:
    lengths = {name: messages.length(name) for name in sorted({item.queue for item in registry.operations()})}
    reachable = {name: length for name, length in lengths.items() if length is not None}
    unreachable = sorted(lengths.keys() - reachable.keys())
    with transaction.atomic():
        if not reachable or not _alone():
            return [], unreachable
        for name in lengths:
            _ids(MOVE, queue=name, names=registry.names(queue=name), queues=list(lengths))
        marked = _ids(MARK_UNSENT, queues=list(reachable))
        for name, length in reachable.items():
            marked += _ids(MARK_OVERDUE, queue=name, length=length)
    return list(_published(Run.objects.filter(pk__in=marked).order_by("created_at"))), unreachable


def _published(runs: Iterable[Run]) -> Iterable[UUID]:
    """Those that were sent. A queue that refuses one is not tried again: each time may take seconds."""
    refused: set[str] = set()
    for run in runs:
        if run.queue in refused:
            messages.hold(run)
        elif messages.publish(run):
            yield run.pk
        else:
            refused.add(run.queue)


def _alone() -> bool:
    return bool(_row(f"SELECT pg_try_advisory_xact_lock({LOCK})")[0])


def _ids(statement: str, **values: Any) -> list[UUID]:
    return [run for (run,) in _rows(statement, **values)]


def _row(statement: str, **values: Any) -> tuple[Any, ...]:
    return _rows(statement, **values)[0]


def _rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    known = {
        "operations": registry.names(),
        "lease": settings.RUN_LEASE_SECONDS,
        "resend": settings.RUN_RESEND_SECONDS,
        "most": MOST_SENT,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**known, **values})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
