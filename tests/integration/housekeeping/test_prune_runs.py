from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.accounts.models import User
from tasks.housekeeping.prune_runs import PruneRuns, prune_runs
from tasks.schedule import SCHEDULE
from tests.integration.collection.commands import Ended, ran
from upkeep.operations import erasure, runner, submission
from upkeep.operations.errors import RunInterrupted, UnconfirmedError
from upkeep.operations.execution.progress import Unwatched
from upkeep.operations.leases import claims
from upkeep.operations.models import Run, RunChange, RunFile, RunLog, RunSubject
from upkeep.operations.states import Status

pytestmark = pytest.mark.django_db(transaction=True, available_apps=["upkeep.operations", "backend.accounts", "tasks"])


def run_of(status: str = "succeeded", *, days: float | None = 91, changes: int = 0, **columns: Any) -> Run:
    """A run that ended so many days ago, with changes, a line of its log, a file, and what it was about."""
    finished = None if days is None else timezone.now() - timedelta(days=days)
    made = Run.objects.create(
        **{
            "operation": "testing.old",
            "status": status,
            "attempt": 1,
            "finished_at": finished,
            "changes_recorded": changes,
            **columns,
        }
    )
    RunChange.objects.bulk_create(
        RunChange(run=made, action="updated", key=str(number), label="Ann", fields={"email": ["ann@example.com", ""]})
        for number in range(changes)
    )
    RunLog.objects.create(run=made, at=datetime.now(UTC), message="a line")
    RunFile.objects.create(run=made, sha256="0", content=b"")
    RunSubject.objects.create(run=made, name="organization:acme")
    return made


def pruned(*options: str) -> Ended:
    return ran("prune_runs", *(options or ("--no-input",)))


def left() -> set[Run]:
    return set(Run.objects.exclude(operation=prune_runs.name))


@pytest.mark.parametrize(
    ("status", "days", "stays"),
    [
        ("succeeded", 89, True),
        ("succeeded", 91, False),
        ("skipped", 89, True),
        ("skipped", 91, False),
        ("failed", 91, True),
        ("failed", 364, True),
        ("failed", 366, False),
        ("cancelled", 364, True),
        ("cancelled", 366, False),
        ("queued", 1_000, True),
        ("running", 1_000, True),
        ("queued", None, True),
        ("running", None, True),
    ],
)
def test_a_run_stays_as_long_as_its_end_wants(status: str, days: int | None, *, stays: bool) -> None:
    run = run_of(status, days=days, created_at=timezone.now() - timedelta(days=2_000))
    ended = pruned()
    assert (ended.exit_code, left()) == (0, {run} if stays else set())


def test_nothing_of_a_run_that_goes_stays_and_nothing_of_another_one_goes() -> None:
    kept = run_of(days=1, changes=2)
    run_of(changes=3)
    assert pruned().counts == {"processed": 1, "deleted": 1}
    for model in (RunChange, RunLog, RunFile, RunSubject):
        assert set(model.objects.exclude(run__operation=prune_runs.name).values_list("run", flat=True)) == {kept.pk}


def test_both_times_can_be_chosen() -> None:
    done, failed = run_of(days=8), run_of("failed", days=8)
    pruned("--no-input", "--days", "9", "--failed-days", "9")
    assert left() == {done, failed}
    pruned("--no-input", "--days", "7", "--failed-days", "9")
    assert left() == {failed}
    pruned("--no-input", "--days", "7", "--failed-days", "7")
    assert left() == set()


def test_parts_go_with_their_run_and_never_by_themselves() -> None:
    young = run_of(days=1)
    part = run_of(parent=young)
    old = run_of()
    run_of("failed", parent=old, days=92)
    assert pruned().counts == {"processed": 1, "deleted": 1}
    assert left() == {young, part}


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_run_with_a_part_that_has_not_ended_stays(status: str) -> None:
    old = run_of("cancelled", days=400)
    part = run_of(status, parent=old, days=None)
    pruned()
    assert left() == {old, part}


def test_what_follows_a_run_in_a_chain_is_decided_and_may_stay_longer() -> None:
    succeeded, failed = run_of(), run_of("failed", days=366)
    cancelled = run_of("cancelled", follows=succeeded)
    waiting, undecided = (run_of("queued", days=None, attempt=0, follows=before) for before in (succeeded, failed))
    assert pruned().run.status == "succeeded"
    assert left() == {cancelled, waiting, undecided}
    waiting.refresh_from_db()
    undecided.refresh_from_db()
    assert (waiting.status, waiting.follows_id) == ("queued", None)
    assert (undecided.status, undecided.follows_id) == ("cancelled", None)


def test_a_dry_run_counts_what_the_real_one_deletes() -> None:
    for number in range(7):
        run_of(operation=f"testing.{'even' if number % 2 == 0 else 'odd'}", changes=number)
    run_of(days=3)
    dry = pruned("--dry-run")
    assert (len(left()), dry.report) == (8, ["testing.even: 4 would be deleted", "testing.odd: 3 would be deleted"])
    real = pruned()
    assert (real.counts, len(left())) == (dry.counts, 1)
    assert real.outcome["result"] == dry.outcome["result"] == {"runs": {"testing.even": 4, "testing.odd": 3}}
    assert real.report == ["testing.even: 4 deleted", "testing.odd: 3 deleted"]


def test_what_it_records_of_a_deleted_run_is_what_it_was_and_when_alone() -> None:
    user = User.objects.create(username="ann")
    run = run_of(changes=2, params={"username": "ann"}, result={"entries": ["ann"]}, error="ann", user=user)
    change = pruned().run.changes.get()
    assert (change.key, change.label) == (str(run.pk), f"run of testing.old, {run.created_at:%Y-%m-%d %H:%M}")
    assert change.fields == {}


def test_it_does_not_delete_itself() -> None:
    ended = pruned("--no-input", "--days", "0", "--failed-days", "0")
    assert (ended.exit_code, ended.run.status) == (0, "succeeded")
    again = pruned("--no-input", "--days", "0", "--failed-days", "0")
    assert set(Run.objects.all()) == {again.run}


def test_without_the_word_nothing_is_touched() -> None:
    run = run_of()
    assert pruned("--json").exit_code == 2
    with pytest.raises(UnconfirmedError, match="needs confirm='yes'"):
        runner.execute(prune_runs, PruneRuns())
    assert left() == {run}


def test_the_schedule_confirms_it() -> None:
    [entry] = [entry for entry in SCHEDULE if entry.operation == prune_runs.name]
    prune_runs.check_confirmed(prune_runs.parse(entry.params), confirm=entry.confirm)


def test_a_run_that_is_resumed_at_that_moment_stays() -> None:
    resumed, gone = run_of("failed", days=400), run_of("failed", days=400)
    plan = erasure.plan([resumed, gone])
    submission.requeue(resumed.pk, queue="")
    with pytest.raises(ValidationError, match="started in the meantime"), transaction.atomic():
        erasure.erase(plan)
    assert left() == {resumed, gone}


def test_a_pruning_that_is_stopped_and_resumed_counts_every_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "MAX_RUNS", 2)
    for _ in range(7):
        run_of()
    run = submission.record(prune_runs, PruneRuns(), confirm="yes", queue="default")

    class Interrupting(Unwatched):
        def advanced(self, step: str, processed: int, total: int | None) -> None:  # noqa: ARG002
            raise RunInterrupted

    for _ in range(4):
        attempt = claims.claim(run.pk)
        assert attempt
        assert runner.carry_out(run.pk, attempt, progress=Interrupting()).status is Status.CANCELLED
        submission.requeue(run.pk, queue="")
    attempt = claims.claim(run.pk)
    assert attempt
    outcome = runner.carry_out(run.pk, attempt)
    assert (outcome.counts["deleted"], outcome.counts["processed"], left()) == (7, 7, set())
    assert outcome.result == {"runs": {"testing.old": 7}}


def test_a_page_is_cut_where_its_runs_have_too_many_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "MAX_ROWS", 5)
    for changes in (3, 3, 9, 0, 5):
        run_of(changes=changes)
    pages = [[run.changes_recorded for run in page] for page, _ in erasure.pages(Run.objects.all())(None)]
    assert sorted(changes for page in pages for changes in page) == [0, 3, 3, 5, 9]
    assert all(len(page) == 1 or sum(page) <= 5 for page in pages)


def test_neither_results_nor_changes_are_loaded() -> None:
    for _ in range(3):
        run_of(changes=2, result={"big": "x" * 1_000})
    with CaptureQueriesContext(connection) as queries:
        pruned()
    statements = [query["sql"] for query in queries]
    of_changes = [sql for sql in statements if '"upkeep_operations_runchange"' in sql]
    assert of_changes
    assert all(sql.startswith("DELETE") for sql in of_changes)
    of_pages = [sql for sql in statements if "NOT (EXISTS" in sql]
    assert of_pages
    assert not [sql for sql in of_pages if '"result"' in sql]
