"""Each assertion of the kit passes for what is right, and fails for what is wrong in the way that it means."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.conf import settings
from django.db.models import F
from django.test import override_settings

from backend.collection.models import DVD
from tests.integration.operations.factories import add_one_to_each, copies, dvds
from tests.operations.dvds import Remove, add, added, read_file, remove_dvds
from tests.operations.scripted import Nothing, scripted, stage
from upkeep import testing
from upkeep.operations.context import RunContext
from upkeep.operations.models import Run

pytestmark = pytest.mark.django_db
Body = Callable[[RunContext], None]


@pytest.fixture(autouse=True)
def stored() -> None:
    dvds(4)


def outside(run: RunContext) -> None:
    """Has its effect outside of `write`, so that it is not one with the commit."""
    for batch in run.batches(DVD.objects.all()):
        plan = added(batch.items)
        add(plan)
        batch.commit([change._replace(action="unchanged") for change in plan], write=add)


def remembering(run: RunContext) -> None:
    """Keeps in memory what only the database survives."""
    number = 0
    for batch in run.batches(DVD.objects.all()):
        number += len(batch)
        batch.commit(added(batch.items), write=add)
    DVD.objects.update(storage_box=f"{number} were counted")


def in_dry_runs_too(run: RunContext) -> None:
    """Does not ask whether it is a dry run."""
    DVD.objects.update(copy_number=F("copy_number") + 1)
    add_one_to_each(run)


def otherwise_in_dry_runs(run: RunContext) -> None:
    """Shows another thing than it does."""
    for batch in run.batches(DVD.objects.all()):
        plan = added(batch.items)
        shown = [change._replace(fields={"copy_number": (1, 3)}) for change in plan] if run.dry_run else plan
        batch.commit(shown, write=add)


def only_once(run: RunContext) -> None:
    """Changes those that have one copy."""
    for batch in run.batches(DVD.objects.filter(copy_number=1)):
        batch.commit(added(batch.items), write=add)


def boxes() -> list[object]:
    return list(DVD.objects.order_by("pk").values_list("copy_number", "storage_box"))


def test_a_run_changes_what_it_says_and_a_dry_run_nothing() -> None:
    stage.body = add_one_to_each
    shown = testing.run(scripted, Nothing(), dry_run=True)
    assert (shown.status, shown.counts["updated"], copies()) == ("succeeded", 4, [1, 1, 1, 1])
    done = testing.run(scripted, Nothing())
    assert (done.status, done.counts["updated"], copies()) == ("succeeded", 4, [2, 2, 2, 2])


@pytest.mark.parametrize("within", [False, True])
@override_settings(UPKEEP={**settings.UPKEEP, "BATCH_ITEMS": 2})
def test_a_run_is_lost_after_so_many_commits_and_goes_on_after_them(*, within: bool) -> None:
    stage.body = add_one_to_each
    run = testing.kill(scripted, Nothing(), commits=1, within=within)
    assert (run.status, run.counts["updated"], copies()) == ("running", 2, [2, 2, 1, 1])
    outcome = testing.resume(run)
    assert (outcome.status, outcome.counts["updated"], copies()) == ("succeeded", 4, [2, 2, 2, 2])
    with pytest.raises(ValueError, match="succeeded: only a run that was killed"):
        testing.resume(Run.objects.get(pk=run.pk))


def test_what_is_resumable_passes_and_everything_is_as_it_was() -> None:
    stage.body = add_one_to_each
    testing.assert_resumable(scripted, Nothing(), state=copies)
    assert copies() == [1, 1, 1, 1]


@pytest.mark.parametrize("body", [outside, remembering])
def test_what_is_not_resumable_is_found(body: Body) -> None:
    stage.body = body
    with pytest.raises(AssertionError, match=r"state of a run that was killed (within|after) commit \d"):
        testing.assert_resumable(scripted, Nothing(), state=boxes)


def test_a_dry_run_that_matches_passes() -> None:
    stage.body = add_one_to_each
    testing.assert_dry_run_matches(scripted, Nothing(), state=copies)


@pytest.mark.parametrize(
    ("body", "found"),
    [(in_dry_runs_too, "state after the dry run"), (otherwise_in_dry_runs, "changes, beside those of the dry run")],
)
def test_a_dry_run_that_lies_is_found(body: Body, found: str) -> None:
    stage.body = body
    with pytest.raises(AssertionError, match=found):
        testing.assert_dry_run_matches(scripted, Nothing(), state=copies)


def test_what_has_nothing_to_do_the_second_time_passes_and_what_has_is_found() -> None:
    stage.body = only_once
    testing.assert_idempotent(scripted, Nothing(), state=copies)
    stage.body = add_one_to_each
    with pytest.raises(AssertionError, match="effects of the second run"):
        testing.assert_idempotent(scripted, Nothing(), state=copies)


def test_a_word_that_is_wanted_is_said() -> None:
    assert testing.run(remove_dvds, Remove()).status == "succeeded"
    assert not DVD.objects.exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a.txt --enqeue", "unknown argument --enqeue: did you mean --enqueue?"),
        ("a.txt b.txt", "unknown argument b.txt"),
        ("", "the following arguments are required: FILE"),
        ("'a", "No closing quotation"),
    ],
)
def test_an_example_that_the_command_refuses_is_named(line: str, told: str) -> None:
    fine = replace(read_file, examples=(("missing.csv --enqueue", "Read a file."),))
    testing.assert_examples_valid(fine)
    with pytest.raises(
        AssertionError, match=f"^example {re.escape(repr(line))} of testing.read_file: .*{re.escape(told)}"
    ):
        testing.assert_examples_valid(replace(fine, examples=(*fine.examples, (line, "Fail."))))
