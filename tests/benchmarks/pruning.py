"""prune_runs on runs with many changes each."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection

from tasks.housekeeping.prune_runs import PruneRuns, prune_runs
from tests.benchmarks import child
from tests.benchmarks.pairs import measured, seconds
from tests.benchmarks.report import Row, at_most
from upkeep.operations.models import Run
from upkeep.operations.runner import execute
from upkeep.operations.states import Status

OLD = "finished_at < now() - interval '90 days' AND status = 'succeeded'"
CHANGES = 1_000
"""Of each run."""
RESULT = {"entries": "x" * 20_000}
"""Too large to be held for many runs."""
FILL = """
    INSERT INTO upkeep_operations_runchange (run_id, action, key, label, fields, reason)
    SELECT id, 'updated', n::text, 'Film ' || n, '{"tagline": ["", "A keeper waits."]}', ''
    FROM upkeep_operations_run, generate_series(1, %s) n
"""


def speed(*, quick: bool) -> Iterator[Row]:
    """Beside one statement a table."""
    number, rounds = (50_000, 1) if quick else (200_000, 3)
    pairs = measured(rounds, lambda: _ours(number), lambda: _plain(number))
    yield Row(
        "prune_runs", f"DELETE alone, {number:,} changes",
        pairs.slower, goal=at_most(2), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
    )  # fmt: skip


def memory(*, quick: bool) -> Iterator[Row]:
    """What the command needs beyond one that finds nothing."""
    number = 200_000 if quick else 1_000_000
    _fill(0)
    idle = _pruned()
    _fill(number)
    busy = _pruned()
    yield Row(
        "manage.py prune_runs", f"one that finds nothing, {number:,} changes",
        busy.megabytes - idle.megabytes, "MB", at_most(20),
        f"{busy.megabytes:.0f} MB, {busy.seconds:.1f} s", f"{idle.megabytes:.0f} MB, {idle.seconds:.1f} s",
    )  # fmt: skip


def _pruned() -> child.Ended:
    return child.manage("prune_runs", "--no-input", "--json")


def _ours(number: int) -> float:
    _fill(number)
    took = seconds(lambda: execute(prune_runs, PruneRuns(), confirm="yes"))
    assert Run.objects.count() == 1
    return took


def _plain(number: int) -> float:
    _fill(number)
    with connection.cursor() as cursor:
        took = seconds(
            lambda: cursor.execute(
                "DELETE FROM upkeep_operations_runchange WHERE run_id IN "  # noqa: S608 - made of constants
                f"(SELECT id FROM upkeep_operations_run WHERE {OLD});"
                f"DELETE FROM upkeep_operations_run WHERE {OLD}"
            )
        )
    assert not Run.objects.exists()
    return took


def _fill(number: int) -> None:
    ended = datetime.now(UTC) - timedelta(days=91)
    old = {"operation": "bench.old", "status": Status.SUCCEEDED, "finished_at": ended, "changes_recorded": CHANGES}
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE upkeep_operations_run, upkeep_operations_runchange CASCADE")
        Run.objects.bulk_create((Run(**old, result=RESULT) for _ in range(number // CHANGES)), batch_size=200)
        cursor.execute(FILL, [CHANGES])
        cursor.execute("VACUUM ANALYZE upkeep_operations_run, upkeep_operations_runchange")
        cursor.execute("CHECKPOINT")
