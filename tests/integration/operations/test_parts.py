"""Runs that are split among workers: what the parts do, and what becomes of the whole."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from pytest_django import Settings

from backend.collection.models import DVD
from tests.acceptance.polling import MAX_SECONDS, until
from tests.integration.messages import messages, task, worked_off
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds, lose, tallied
from tests.operations.dvds import PLAN, WRITE, RefusalError, add, added
from tests.operations.scripted import Nothing, claimed, played, recorded, reread, scripted_parts, stage
from upkeep.operations import cancellation, runner, submission
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.delivery import sweep
from upkeep.operations.errors import OperationError, RunInterrupted
from upkeep.operations.execution import parts
from upkeep.operations.execution.ledger import Ledger
from upkeep.operations.execution.progress import Unwatched
from upkeep.operations.files import InputFile
from upkeep.operations.leases import claims
from upkeep.operations.management.commands import resume_run
from upkeep.operations.models import Run, RunChange, RunFile
from upkeep.operations.params import Params, Positional
from upkeep.operations.plans import Change

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]
ROWS = 9


@pytest.fixture(autouse=True)
def _short(settings: Settings, broker: str) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "LEASE_SECONDS": 10}
    messages(broker)


class Read(Params):
    file: Annotated[InputFile, Positional()]
    """What to add to each location."""


@operation("testing.read_in_parts", partitions=3)
def read_in_parts(params: Read, run: RunContext) -> None:
    """Write a file's content on each DVD."""
    with run.open(params.file) as file:
        told = file.read().decode()

    def write(changes: list[Change]) -> None:
        DVD.objects.filter(pk__in=[change.payload for change in changes]).update(location=told)

    for batch in run.batches(DVD.objects.all()):
        batch.commit(added(batch.items), write=write)  # type: ignore[arg-type]


def enqueued(body: Callable[[RunContext], None], **how: Any) -> Run:
    """A run that workers are to share."""
    stage.body = body
    return submission.enqueue(scripted_parts, Nothing(), **how)


def split(body: Callable[[RunContext], None], **columns: Any) -> Run:
    """A run that was split, whose parts nobody has begun."""
    return played(body, what=scripted_parts, **columns)


def one_after_the_other(run: RunContext) -> None:
    for name in ("north", "south"):
        with run.step(name) as step:
            for batch in step.batches(DVD.objects.all()):
                batch.commit(added(batch.items), write=add)
    run.report("done", rows=DVD.objects.count())


def refusing(refused: list[int]) -> Callable[[RunContext], None]:
    """Add one to each, but not where one of these keys is."""

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            if {dvd.pk for dvd in batch.items} & set(refused):
                raise OperationError("not this one")
            batch.commit(added(batch.items), write=add)

    return body


def by_sql(run: RunContext) -> None:
    for batch in run.batches(DVD.objects.all()):
        batch.commit_sql(plan=PLAN, write=WRITE)


# ---- splitting


@pytest.mark.parametrize("body", [add_one_to_each, by_sql])
def test_a_split_run_holds_no_worker_but_its_key_and_its_parts_are_sent(
    broker: str, body: Callable[[RunContext], None]
) -> None:
    dvds(ROWS)
    run = split(body)
    assert (run.status, run.lease_until, run.attempt, run.finished_at) == ("running", None, 2, None)
    found = list(run.parts.order_by("created_at", "id"))
    assert [(part.status, part.operation, part.exclusive_key, part.partitions) for part in found] == [
        ("queued", run.operation, None, 1)
    ] * 3
    assert all(part.sent_at for part in found)
    assert [part.origin for part in found] == [f"part {number} of 3 of run {run.pk}" for number in (1, 2, 3)]
    assert sorted(headers["id"] for headers, _ in messages(broker)) == sorted(str(part.pk) for part in found)
    assert run.steps[""]["total"] == ROWS


def test_the_parts_do_each_row_once_and_the_whole_shows_their_sum(broker: str) -> None:
    dvds(ROWS)
    run = enqueued(one_after_the_other)
    worked_off(broker)
    run = reread(run)
    assert (run.status, run.error, run.result) == ("succeeded", "", {"rows": ROWS})
    assert copies() == [3] * ROWS
    assert tallied(run.counts) == {"processed": 2 * ROWS, "updated": 2 * ROWS}
    assert [(part.part["step"], part.counts["updated"]) for part in run.parts.order_by("created_at", "id")] == [
        (step, 3) for step in ("north", "south") for _ in range(3)
    ]
    assert {step["done"] for step in run.steps.values()} == {True}
    assert not run.parts.exclude(attempt=1, result={}, report=[]).exists()


def test_the_sum_is_shown_while_the_parts_are_under_way() -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    part = run.parts.order_by("created_at", "id")[0]
    attempt = claims.claim(part.pk)
    assert attempt
    runner.carry_out(part.pk, attempt)
    for _ in range(2):
        parts.settle(run.pk)
    run = reread(run)
    assert (run.status, tallied(run.counts)) == ("running", {"processed": 3, "updated": 3})
    assert parts.total(run)[""].counts.processed == 3


@pytest.mark.parametrize("source", [DVD.objects.none(), DVD.objects.filter(name="nothing")])
def test_a_step_without_rows_is_not_split(source: Any) -> None:
    dvds(1)

    def body(run: RunContext) -> None:
        for batch in run.batches(source):
            batch.commit(added(batch.items), write=add)

    run = split(body)
    assert (run.status, run.error, run.parts.count()) == ("succeeded", "", 0)


def test_a_limit_of_nothing_is_not_split() -> None:
    dvds(1)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all(), limit=0):
            batch.commit(added(batch.items), write=add)

    run = split(body)
    assert (run.status, run.error, run.parts.count(), copies()) == ("succeeded", "", 0, [1])


def test_a_limit_holds_for_all_parts_together(broker: str) -> None:
    dvds(ROWS)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all(), limit=5):
            batch.commit(added(batch.items), write=add)

    run = enqueued(body)
    worked_off(broker)
    assert (reread(run).status, copies()) == ("succeeded", [2] * 5 + [1] * 4)


def test_a_dry_run_is_split_too_and_changes_nothing(broker: str) -> None:
    dvds(ROWS)
    run = enqueued(add_one_to_each, dry_run=True)
    worked_off(broker)
    run = reread(run)
    assert (run.status, run.parts.count(), copies()) == ("succeeded", 3, [1] * ROWS)
    assert tallied(run.counts) == {"processed": ROWS, "updated": ROWS}
    assert RunChange.objects.filter(run__parent=run).count() == ROWS


def test_a_run_in_the_foreground_is_never_split() -> None:
    dvds(ROWS)
    stage.body = add_one_to_each
    outcome = runner.execute(scripted_parts, Nothing())
    assert (outcome.status, copies(), Run.objects.count()) == ("succeeded", [2] * ROWS, 1)


def test_no_more_changes_are_recorded_than_of_a_run_that_is_not_split(broker: str, settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": 7}

    def body(run: RunContext) -> None:
        one_after_the_other(run)
        with run.step("whole") as step:
            step.commit(lambda: added(DVD.objects.all()), write=add)

    dvds(ROWS)
    run = enqueued(body)
    worked_off(broker)
    run = reread(run)
    assert (run.status, run.counts["updated"]) == ("succeeded", 3 * ROWS)
    number = RunChange.objects.count()
    assert 6 <= number <= 7
    assert (run.changes_recorded, run.changes_left_out) == (number, 3 * ROWS - number)


def test_the_parts_read_the_files_that_the_whole_was_given(broker: str, tmp_path: Path) -> None:
    dvds(ROWS)
    path = tmp_path / "told.txt"
    path.write_text("shelf 9")
    run = submission.enqueue(read_in_parts, Read(file=InputFile.at(str(path))))
    path.unlink()
    worked_off(broker)
    assert (reread(run).status, run.parts.count()) == ("succeeded", 3)
    assert set(DVD.objects.values_list("location", flat=True)) == {"shelf 9"}
    assert not RunFile.objects.exists()
    assert run.params["file"]["sha256"] == hashlib.sha256(b"shelf 9").hexdigest()


@pytest.mark.parametrize(
    ("partitions", "told"),
    [
        ("3", "partitions must be a number"),
        (1.5, "partitions must be a number"),
        (True, "partitions must be a number"),
        ([2], "partitions must be a number"),
        (65, "partitions is a number from 1 to 64, not 65"),
        (0, "partitions is a number from 1 to 64, not 0"),
        (-(10**30), "partitions is a number from 1 to 64"),
    ],
)
def test_partitions_from_outside_that_cannot_be_make_a_failed_run_that_says_so(
    broker: str, partitions: Any, told: str
) -> None:
    result = task("testing.scripted_parts").apply_async(kwargs={"partitions": partitions})
    run = Run.objects.get(pk=result.id)
    assert (run.status, messages(broker)) == ("failed", [])
    assert told in run.error


def test_an_operation_that_cannot_be_split_says_so() -> None:
    run = Run.objects.get(pk=task("testing.scripted").apply_async(kwargs={"partitions": 2}).id)
    assert (run.status, run.error) == (
        "failed",
        "testing.scripted cannot be split: its batches depend on each other",
    )


def test_partitions_from_outside_are_taken(broker: str) -> None:
    dvds(ROWS)
    stage.body = add_one_to_each
    run = Run.objects.get(pk=task("testing.scripted_parts").apply_async(kwargs={"partitions": 2}).id)
    worked_off(broker)
    assert (reread(run).status, run.parts.count(), copies()) == ("succeeded", 2, [2] * ROWS)


# ---- parts that fail


def test_a_part_that_fails_fails_the_whole_and_only_that_part_is_done_again(broker: str) -> None:
    stored = dvds(ROWS)
    run = enqueued(refusing([stored[4].pk]))
    worked_off(broker)
    run = reread(run)
    part = run.parts.get(status="failed")
    assert (run.status, run.error) == ("failed", f"part 2 of 3, run {part.pk}: not this one")
    assert (tallied(run.counts), copies()) == ({"processed": 6, "updated": 6}, [2] * 3 + [1] * 3 + [2] * 3)
    resume(run, add_one_to_each, broker)
    run = reread(run)
    assert (run.status, run.error, copies()) == ("succeeded", "", [2] * ROWS)
    assert tallied(run.counts) == {"processed": ROWS, "updated": ROWS}
    assert run.parts.count() == 3


def test_a_part_that_was_cancelled_ends_the_whole_which_can_be_resumed(broker: str) -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    part = run.parts.order_by("created_at", "id")[2]
    assert cancellation.cancel(part.pk) == "cancelled"
    worked_off(broker)
    assert (reread(run).status, reread(run).error) == ("failed", f"part 3 of 3, run {part.pk}: it was cancelled")
    resume(run, add_one_to_each, broker)
    assert (reread(run).status, copies(), reread(run).counts["updated"]) == ("succeeded", [2] * ROWS, ROWS)


def test_a_second_step_that_fails_does_not_repeat_the_first(broker: str) -> None:
    stored = dvds(ROWS)

    def body(run: RunContext) -> None:
        for name in ("north", "south"):
            with run.step(name) as step:
                for batch in step.batches(DVD.objects.all()):
                    if name == "south" and batch.items[0].pk == stored[0].pk:
                        raise RefusalError("no")
                    batch.commit(added(batch.items), write=add)

    run = enqueued(body)
    worked_off(broker)
    assert (reread(run).status, copies()) == ("failed", [2] * 3 + [3] * 6)
    resume(run, one_after_the_other, broker)
    run = reread(run)
    assert (run.status, copies(), run.counts["updated"]) == ("succeeded", [3] * ROWS, 2 * ROWS)


def resume(run: Run, body: Callable[[RunContext], None], broker: str) -> None:
    stage.body = body
    call_command(resume_run.Command(), str(run.pk), "--enqueue", verbosity=0)
    worked_off(broker)


def test_a_part_that_was_lost_five_times_fails_the_whole(broker: str) -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    part = run.parts.order_by("created_at", "id")[0]
    messages(broker)
    Run.objects.filter(pk=part.pk).update(losses=4)
    assert claims.claim(part.pk)
    for other in run.parts.exclude(pk=part.pk):
        attempt = claims.claim(other.pk)
        assert attempt
        runner.carry_out(other.pk, attempt)
    lose(part)
    swept = sweep.sweep()
    assert ([lost.id for lost in swept.released], swept.finished) == ([part.pk], [run.pk])
    run = reread(run)
    assert (run.status, run.counts["updated"]) == ("failed", 6)
    assert f"part 1 of 3, run {part.pk}: its executor was lost 5 times in a row" in run.error


def test_a_whole_whose_parts_ended_while_nobody_looked_goes_on_with_the_next_sweep(broker: str) -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    for part in run.parts.all():
        attempt = claims.claim(part.pk)
        assert attempt
        runner.carry_out(part.pk, attempt)
    messages(broker)
    assert sweep.sweep().finished == [run.pk]
    worked_off(broker)
    assert (reread(run).status, reread(run).counts["updated"], copies()) == ("succeeded", ROWS, [2] * ROWS)


def test_a_whole_that_is_settled_again_and_again_counts_its_parts_once(broker: str) -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    worked_off(broker)
    for _ in range(3):
        parts.settle(run.pk)
    assert reread(run).counts["updated"] == ROWS


# ---- stopping


def test_cancelling_a_split_run_ends_it_and_the_parts_that_nobody_has_begun(broker: str) -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    assert cancellation.cancel(run.pk) == "cancelled"
    assert {part.status for part in run.parts.all()} == {"cancelled"}
    worked_off(broker)
    assert copies() == [1] * ROWS


def test_cancelling_waits_for_the_parts_that_are_under_way() -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    part = run.parts.order_by("created_at", "id")[0]
    attempt = claims.claim(part.pk)
    assert attempt
    assert cancellation.cancel(run.pk) == "running"
    assert reread(part).cancel_at
    lose(part)
    sweep.sweep()
    assert (reread(part).status, reread(run).status) == ("cancelled", "cancelled")


def test_a_run_that_was_asked_to_stop_is_not_split() -> None:
    dvds(ROWS)
    run = claimed(add_one_to_each, what=scripted_parts)
    cancellation.cancel(run.pk)
    ledger = Ledger(run, Unwatched())
    ledger.update("", total=ROWS)
    with pytest.raises(RunInterrupted):
        parts.split(ledger, "", DVD.objects.all(), limit=None)
    assert not Run.objects.filter(parent=run).exists()


def test_a_cancellation_that_races_the_split_reaches_the_parts() -> None:
    dvds(ROWS)
    run = claimed(add_one_to_each, what=scripted_parts)
    ledger = Ledger(run, Unwatched())
    ledger.update("", total=ROWS)
    begun = Event()

    def cancel() -> object:
        begun.set()
        try:
            return cancellation.cancel(run.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            assert parts.split(ledger, "", DVD.objects.all(), limit=None)
            cancelled = threads.submit(cancel)
            assert begun.wait(MAX_SECONDS)
            until(is_waited_for)
        assert cancelled.result() == "cancelled"
    assert {part.status for part in run.parts.all()} == {"cancelled"}
    assert run.parts.count() == 3


def is_waited_for() -> bool:
    """Whether another connection waits for a row of ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


# ---- resuming what is not to be resumed


def test_a_part_is_not_resumed_by_itself() -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    part = run.parts.all()[0]
    cancellation.cancel(run.pk)
    for how in ([], ["--enqueue"]):
        with pytest.raises(CommandError, match=f"run {part.pk} is a part of run {run.pk}: resume that one"):
            call_command(resume_run.Command(), str(part.pk), *how)
    assert reread(part).status == "cancelled"


def test_a_run_that_was_split_is_not_resumed_in_the_foreground() -> None:
    dvds(ROWS)
    run = split(add_one_to_each)
    cancellation.cancel(run.pk)
    told = f"run {run.pk} was split among workers: resume it with --enqueue or --wait"
    with pytest.raises(CommandError, match=told):
        call_command(resume_run.Command(), str(run.pk))
    with pytest.raises(OperationError, match=told):
        submission.requeue(run.pk, queue="")
    assert reread(run).status == "cancelled"


def test_no_other_run_of_its_key_begins_while_it_waits_for_its_parts(broker: str) -> None:
    dvds(ROWS)
    run, second = split(add_one_to_each), recorded(add_one_to_each, what=scripted_parts)
    with pytest.raises(OperationError, match=str(run.pk)):
        claims.claim(second.pk)
    worked_off(broker)
    assert reread(run).status == "succeeded"
    assert (reread(second).status, copies()) == ("succeeded", [3] * ROWS)
