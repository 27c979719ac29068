"""Executors that were lost, and what becomes of their runs: queued again, or ended when that leads nowhere."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from upkeep.conf import conf
from upkeep.operations.models import RunFile
from upkeep.operations.states import Status

MAX_LOSSES = 5
"""In a row, without a commit between them: after that, the run itself is treated as the cause."""

LEASE_PASSED = """
    lease_until < clock_timestamp()
    AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %(lease)s)
"""
"""While the server was down, no lease could be renewed: after its start every executor has a whole lease."""

TERMINATE = """
SELECT pg_terminate_backend(pid, 1000)
  FROM upkeep_operations_run AS run
  JOIN pg_stat_activity ON application_name = 'upkeep:' || run.id || ':' || run.attempt
 WHERE run.status = 'running' AND {which}
   AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""
"""Not those of a copy of this database, nor those that the server would refuse to end, nor this one itself."""

RELEASE = """
WITH lost AS (SELECT id FROM upkeep_operations_run WHERE status = 'running' AND {which} FOR UPDATE SKIP LOCKED)
UPDATE upkeep_operations_run AS run
   SET (status, error) = (SELECT
           CASE WHEN run.cancel_at IS NOT NULL THEN 'cancelled'
                WHEN run.queue = '' OR run.losses + 1 >= %(most)s THEN 'failed' ELSE 'queued' END,
           CASE WHEN run.cancel_at IS NOT NULL THEN ''
                WHEN run.queue = '' THEN 'its process ended: resume_run ' || run.id || ' takes it up'
                WHEN run.losses + 1 >= %(most)s THEN format(
                    'its executor was lost %%s times in a row without a commit between them, the last one on %%s: %%s',
                    run.losses + 1, run.executor, %(cause)s)
                ELSE '' END),
       finished_at = CASE WHEN run.cancel_at IS NOT NULL OR run.queue = '' OR run.losses + 1 >= %(most)s
                          THEN clock_timestamp() END,
       not_before = CASE WHEN run.losses > 0
                         THEN clock_timestamp() + make_interval(secs => %(backoff)s * 2 ^ (run.losses - 1)) END,
       losses = run.losses + 1, lease_until = NULL, sent_at = NULL
  FROM lost
 WHERE run.id = lost.id
RETURNING run.id, run.operation, run.status, run.executor
"""


def is_last(before: int) -> bool:
    """Whether a loss is one too many, after this many others in a row."""
    return before + 1 >= MAX_LOSSES


class Released(NamedTuple):
    """A run whose executor was lost."""

    id: UUID
    operation: str
    status: Status
    executor: str


def release_late() -> list[Released]:
    """Take the runs whose lease has passed from their executors."""
    return _release(LEASE_PASSED, {}, "it did not renew its lease")


def release_late_holder(key: str) -> list[Released]:
    """Take the run that holds an exclusive key from its executor, if its lease has passed."""
    return _release(f"exclusive_key = %(key)s AND {LEASE_PASSED}", {"key": key}, "it did not renew its lease")


def release_of(executor: str, *, cause: str) -> list[Released]:
    """Take what it ran from an executor of which somebody knows that it is gone.

    A run that it split is not lost with it: that one waits for its parts, and has no executor.
    """
    return _release("executor = %(executor)s AND lease_until IS NOT NULL", {"executor": executor}, cause)


def _release(which: str, values: dict[str, str], cause: str) -> list[Released]:
    known: dict[str, Any] = {**values, "cause": cause, "lease": conf().LEASE_SECONDS, "most": MAX_LOSSES}
    with connection.cursor() as cursor:
        # A frozen executor may hold the run's row, and rows of its own, in the middle of a transaction.
        cursor.execute(TERMINATE.format(which=which), known)
        with transaction.atomic():
            cursor.execute(RELEASE.format(which=which), {**known, "backoff": conf().BACKOFF_SECONDS})
            released = [
                Released(run, name, Status(status), executor) for run, name, status, executor in cursor.fetchall()
            ]
            ended = [run.id for run in released if run.status is not Status.QUEUED]
            if ended:
                RunFile.objects.filter(run__in=ended).delete()
    return released
