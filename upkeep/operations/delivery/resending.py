"""Queued runs without a message: those that were never sent, that waited for something, and whose message was lost."""

from uuid import UUID

from django.db import transaction

from upkeep.operations import broker, registry
from upkeep.operations.delivery.statements import ids, try_lock
from upkeep.operations.models import Run

MAX_SENT = 1_000
"""Messages at a time."""

STARTABLE = """
    status = 'queued' AND queue <> '' AND operation = ANY(%(operations)s) AND cancel_at IS NULL AND follows_id IS NULL
    AND (not_before IS NULL OR not_before <= clock_timestamp())
    AND (exclusive_key IS NULL OR NOT EXISTS (
        SELECT 1 FROM upkeep_operations_run AS holder
         WHERE holder.exclusive_key = upkeep_operations_run.exclusive_key AND holder.status = 'running'))
"""
OVERDUE = f"{STARTABLE} AND sent_at < clock_timestamp() - make_interval(secs => %(resend)s)"

MOVE = """
UPDATE upkeep_operations_run SET queue = %(queue)s, sent_at = NULL
 WHERE id IN (SELECT id FROM upkeep_operations_run
               WHERE status = 'queued' AND operation = ANY(%(names)s) AND queue <> '' AND queue <> ALL(%(queues)s)
                 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
"""Runs from before their operation got another queue, when no worker listens to theirs any more."""

MARK_UNSENT = f"""
WITH found AS (
    SELECT id FROM (SELECT DISTINCT ON (coalesce(exclusive_key, id::text)) id, created_at FROM upkeep_operations_run
                     WHERE {STARTABLE} AND sent_at IS NULL AND queue = ANY(%(queues)s)
                     ORDER BY coalesce(exclusive_key, id::text), created_at) AS first
     ORDER BY created_at LIMIT %(most)s)
UPDATE upkeep_operations_run SET sent_at = clock_timestamp()
 WHERE id IN (SELECT id FROM upkeep_operations_run
               WHERE status = 'queued' AND sent_at IS NULL AND id IN (SELECT id FROM found) FOR UPDATE SKIP LOCKED)
RETURNING id
"""  # noqa: S608
"""Of those that wait for the same key, the oldest."""

MARK_OVERDUE = f"""
WITH sent AS (SELECT count(*) AS number FROM upkeep_operations_run
               WHERE status = 'queued' AND queue = %(queue)s AND sent_at IS NOT NULL)
UPDATE upkeep_operations_run SET sent_at = clock_timestamp()
 WHERE id IN (
    SELECT id FROM upkeep_operations_run WHERE {OVERDUE} AND queue = %(queue)s
     ORDER BY created_at LIMIT (SELECT greatest(0, least(%(most)s, number - %(length)s)) FROM sent)
       FOR UPDATE SKIP LOCKED)
RETURNING id
"""  # noqa: S608
"""As many as there are more queued runs than messages in the broker's queue: those messages are lost."""

MARK_NEXT = f"""
UPDATE upkeep_operations_run SET sent_at = clock_timestamp()
 WHERE id IN (
    SELECT id FROM upkeep_operations_run WHERE {STARTABLE} AND sent_at IS NULL AND exclusive_key = %(key)s
     ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""  # noqa: S608


def send() -> tuple[list[UUID], list[str]]:
    """Send what has no message, and what has lost its message, by queues.

    Returns:
        The runs that were sent, and the queues whose broker does not answer.
    """
    lengths = {name: broker.length(name) for name in sorted({item.queue for item in registry.operations()})}
    reachable = {name: length for name, length in lengths.items() if length is not None}
    unreachable = sorted(lengths.keys() - reachable.keys())
    with transaction.atomic():
        if not reachable or not try_lock():
            return [], unreachable
        for name in lengths:
            ids(MOVE, queue=name, names=registry.names(queue=name), queues=list(lengths))
        marked = ids(MARK_UNSENT, queues=list(reachable), most=MAX_SENT)
        for name, length in reachable.items():
            marked += ids(MARK_OVERDUE, queue=name, length=length, most=MAX_SENT)
    return broker.publish_many(Run.objects.filter(pk__in=marked).order_by("created_at")), unreachable


def send_next(key: str) -> None:
    """Send the oldest run that waits for this exclusive key, now that it is free."""
    for run in Run.objects.filter(pk__in=ids(MARK_NEXT, key=key)):
        broker.publish(run)
