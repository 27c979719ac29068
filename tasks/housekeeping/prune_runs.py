from datetime import timedelta

from django.utils import timezone

from tasks._ages import Days
from upkeep.operations import Limits, Params, RunContext, erasure, operation


class PruneRuns(Params):
    days: Days = 90
    """Keep runs that succeeded or were skipped for this many days after their end."""
    failed_days: Days = 365
    """Keep runs that failed or were cancelled, which can still be resumed, for this many days."""


@operation(
    "housekeeping.prune_runs",
    exclusive="housekeeping",
    confirm="yes",
    limits=Limits(failed=0.5),
    examples=(
        ("--dry-run", "Count the runs that would be deleted, by operation."),
        ("--days 30 --failed-days 90 --no-input", "Keep less, and do not ask."),
    ),
)
def prune_runs(params: PruneRuns, run: RunContext) -> None:
    """Delete old runs with their parameters, changes and logs.

    The parts of a run are deleted with it. Queued and running runs are kept, however old.
    """
    now = timezone.now()
    old = erasure.ended_before(now - timedelta(days=params.days), resumable=now - timedelta(days=params.failed_days))
    for page in run.batches(erasure.pages(old)):
        page.commit(erasure.plan(page.items), write=erasure.erase, tally=erasure.by_operation)
    said = "would be deleted" if run.dry_run else "deleted"
    for name, number in sorted(run.tally.items(), key=lambda item: (-item[1], item[0])):
        run.report(f"{name}: {number:,} {said}", runs=dict(run.tally))
