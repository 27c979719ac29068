"""Runs that would delete, change or fail more than they may."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st

from backend.collection.models import DVD
from tests.integration.messages import messages, worked_off
from tests.integration.operations.factories import COMMITTED, copies, dvds, paged, skipped, tallied
from tests.operations.adopted import talk
from tests.operations.dvds import PLAN, WRITE, RefusalError, add, added, delete, read_file
from tests.operations.scripted import (
    Nothing,
    claimed_again,
    played,
    reread,
    resumed,
    scripted_limited,
    scripted_limited_parts,
    stage,
)
from upkeep.operations import runner, submission
from upkeep.operations.context import RunContext
from upkeep.operations.errors import InvalidParamsError
from upkeep.operations.leases import claims
from upkeep.operations.limits import LimitExceededError, Limits, RunLimits
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.plans import Change

NO_LIMITS = RunLimits()
pytestmark = COMMITTED
HALF = Limits(deleted=0.5, changed=0.5)
ERROR = "11 of 20 items would be deleted, the limit is 50 %: look at them with --dry-run --verbose"


@pytest.fixture(autouse=True)
def _unlimited() -> Iterator[None]:
    yield
    stage.limits = None


def limited(
    body: Callable[[RunContext], None], limits: Limits | None, *, given: RunLimits = NO_LIMITS, **columns: Any
) -> Run:
    """A run that has done that within these limits, or was stopped by them."""
    stage.limits = limits
    return played(body, what=scripted_limited, **{"confirm": "yes", "limits": given, **columns})


def exceeded(run: Run) -> list[dict[str, Any]]:
    """The limits that stopped it, without what would have come next."""
    found = run.result.get("limit_exceeded", ())
    return [{name: value for name, value in each.items() if name != "next"} for each in found]


def deleting(stored: list[DVD], number: int) -> Callable[[RunContext], None]:
    """Delete the last so many, in a source without a total of four a page."""
    doomed = {dvd.pk for dvd in stored[-number:]}

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([stored[place : place + 4] for place in range(0, len(stored), 4)])):
            batch.commit(deletion(batch.items, doomed), write=delete)

    return body


def deletion(items: Any, doomed: set[int]) -> list[Change]:
    return [
        Change("deleted", str(dvd.pk), dvd.name, payload=dvd.pk) if dvd.pk in doomed else skipped(dvd) for dvd in items
    ]


# ---- counted before the first


def test_more_than_the_limit_stops_a_run_that_is_counted_first_before_anything_is_touched() -> None:
    stored = dvds(20)
    run = limited(deleting(stored, 11), Limits(deleted=0.5, before_first=True))
    assert (run.status, run.error, DVD.objects.count()) == ("failed", ERROR, 20)
    assert (tallied(run.counts), run.reasons) == ({"processed": 1, "failed": 1}, {"failed": {"limit_exceeded": 1}})
    assert exceeded(run) == [{"step": "", "limit": "deleted", "number": 11, "of": 20, "most": 50.0}]
    [found] = run.result["limit_exceeded"]
    assert found["next"]["counts"] == {"created": 0, "updated": 0, "deleted": 11}
    assert [change["label"] for change in found["next"]["changes"]] == [dvd.name for dvd in stored[9:]]
    assert run.report == [
        f"next would have been 11 deleted: {', '.join(f'deleted {dvd}' for dvd in stored[9:14])}, and 6 more"
    ]
    assert [(change.action, change.reason) for change in run.changes.all()] == [("failed", "limit_exceeded")]


def test_up_to_the_limit_a_run_that_is_counted_first_does_each_item_once() -> None:
    run = limited(deleting(dvds(20), 10), Limits(deleted=0.5, before_first=True))
    assert (run.status, run.error, DVD.objects.count()) == ("succeeded", "", 10)
    assert tallied(run.counts) == {"processed": 20, "deleted": 10, "skipped": 10}
    assert (run.changes.count(), run.changes_left_out, run.result) == (20, 0, {})


def test_the_log_and_the_report_of_a_run_that_is_counted_first_are_those_of_the_run_itself() -> None:
    stored = dvds(20)

    def body(run: RunContext) -> None:
        deleting(stored, 1)(run)
        run.log("deleted one")
        run.report("done", done=1)

    run = limited(body, Limits(deleted=0.5, before_first=True))
    assert ([line.message for line in run.log.all()], run.report, run.result) == (
        ["deleted one"],
        ["done"],
        {"done": 1},
    )


def test_a_run_that_was_stopped_by_its_limit_is_counted_again_when_it_is_resumed() -> None:
    stored = dvds(20)
    limits = Limits(deleted=0.5, before_first=True)
    run = limited(deleting(stored, 11), limits)
    again = resumed(run)
    assert (again.status, again.error, tallied(again.counts)) == ("failed", ERROR, {"processed": 1, "failed": 1})
    mended = resumed(again, deleting(stored, 10))
    assert (mended.status, tallied(mended.counts)) == ("succeeded", {"processed": 20, "deleted": 10, "skipped": 10})
    assert (mended.error, mended.reasons, mended.result) == ("", {"skipped": {"complete": 10}}, {})


def test_what_was_deleted_before_a_resumption_counts_towards_the_limit() -> None:
    stored = dvds(20)

    def source(_after: object) -> Iterator[tuple[list[DVD], None]]:
        left = list(DVD.objects.order_by("pk"))
        yield from ((left[place : place + 4], None) for place in range(0, len(left), 4))

    def body(run: RunContext, number: int, *, stop: bool = False) -> None:
        doomed = {dvd.pk for dvd in stored[:number]}
        for batch in run.batches(source):
            batch.commit(deletion(batch.items, doomed), write=delete)
            if stop and not run.dry_run:
                raise RefusalError

    run = limited(lambda run: body(run, 10, stop=True), Limits(deleted=0.5, before_first=True))
    assert (run.status, DVD.objects.count()) == ("failed", 16)
    run = resumed(run, lambda run: body(run, 11))
    assert (run.status, run.error, DVD.objects.count()) == ("failed", ERROR, 16)
    run = resumed(run, lambda run: body(run, 10))
    assert (run.status, DVD.objects.count()) == ("succeeded", 10)


def test_what_comes_up_after_the_counting_is_limited_too() -> None:
    stored = dvds(20)
    counted: list[bool] = []

    def body(run: RunContext) -> None:
        deleting(stored, 20 if counted else 10)(run)
        counted.append(run.dry_run)

    run = limited(body, Limits(deleted=0.5, before_first=True))
    assert (run.status, counted) == ("failed", [True])
    assert "12 of 20 items would be deleted" in run.error
    assert DVD.objects.count() == 12


def test_what_a_person_has_seen_and_confirmed_is_not_limited() -> None:
    run = limited(deleting(dvds(20), 20), Limits(deleted=0.5, before_first=True), attended=True)
    assert (run.status, DVD.objects.count()) == ("succeeded", 0)


def test_each_step_is_limited_by_itself() -> None:
    stored = dvds(40)

    def body(run: RunContext) -> None:
        for name, part, number in (("north", stored[:20], 10), ("south", stored[20:], 11)):
            with run.step(name) as step:
                deleting(part, number)(step)  # type: ignore[arg-type]

    run = limited(body, Limits(deleted=0.5, before_first=True))
    assert (run.status, run.error, DVD.objects.count()) == ("failed", ERROR, 40)
    assert run.steps["south"]["error"] == ERROR


# ---- batch by batch


def test_the_batch_that_would_exceed_the_limit_is_not_carried_out() -> None:
    stored = dvds(40)
    doomed = {dvd.pk for dvd in stored[10:22]}  # 5 of 15, then 10 of 20, then 12 of 25

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([stored[place : place + 5] for place in range(0, 40, 5)])):
            batch.commit(deletion(batch.items, doomed), write=delete)

    run = limited(body, Limits(deleted=0.45))
    assert (run.status, DVD.objects.count()) == ("failed", 35)
    assert run.error.startswith("10 of 20 items would be deleted, the limit is 45 %")
    assert tallied(run.counts) == {"processed": 16, "deleted": 5, "skipped": 10, "failed": 1}


def test_the_share_is_of_all_rows_of_a_queryset() -> None:
    stored = dvds(40)

    def body(run: RunContext, number: int) -> None:
        doomed = {dvd.pk for dvd in stored[:number]}
        for batch in run.batches(DVD.objects.all(), fetch=lambda _dvds: None):  # twenty first, and all of them
            batch.commit(deletion(batch.items, doomed), write=delete)

    assert limited(lambda run: body(run, 21), HALF).error.startswith("21 of 40 items would be deleted")
    assert DVD.objects.count() == 20
    dvds(20)
    stored = list(DVD.objects.order_by("pk"))
    assert limited(lambda run: body(run, 20), HALF).status == "succeeded"


def test_a_statement_that_changes_too_many_rows_is_rolled_back() -> None:
    dvds(20)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=PLAN, write=WRITE)

    run = limited(body, HALF)
    assert run.error.startswith("20 of 20 items would be changed, the limit is 50 %")
    assert (run.status, copies()) == ("failed", [1] * 20)


def test_a_plan_of_one_batch_is_limited_as_a_whole() -> None:
    stored = dvds(20)
    assert limited(lambda run: run.commit(lambda: added(stored), write=add), HALF).status == "failed"
    assert copies() == [1] * 20


def test_too_many_failures_stop_a_run_also_those_that_only_writing_shows() -> None:
    stored = dvds(20)

    def refuse(_changes: object) -> None:
        raise OSError(28, "No space left on device")

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([stored[place : place + 4] for place in range(0, 20, 4)])):
            batch.commit(added(batch.items), write=refuse)

    run = limited(body, Limits(failed=0.5, least=8))
    assert run.error.startswith("8 of 8 items failed, the limit is 50 %")
    assert run.reasons == {"failed": {"no_space_left_on_device": 8, "limit_exceeded": 1}}


# ---- of a step


def test_a_step_is_limited_by_a_share_of_what_it_is_given_and_the_others_go_on() -> None:
    stored = dvds(60)

    def body(run: RunContext) -> None:
        for name, part, number in (("north", stored[:20], 13), ("south", stored[20:40], 12), ("east", stored[40:], 0)):
            with run.step(name, isolate=LimitExceededError) as step:
                step.limit(Limits(deleted=0.3), of=40)
                step.commit(lambda doomed=part[:number]: deletion(doomed, {dvd.pk for dvd in doomed}), write=delete)  # type: ignore[misc]

    run = limited(body, None)
    assert (run.status, DVD.objects.count()) == ("failed", 48)  # only a failed run can go on with another limit
    assert run.error == f"north: {run.steps['north']['error']}"
    assert run.steps["north"]["error"].startswith("13 of 40 items would be deleted, the limit is 30 %")
    assert run.reasons == {"failed": {"limit_exceeded": 1}}
    assert tallied(run.counts) == {"processed": 13, "deleted": 12, "failed": 1}
    assert [found["step"] for found in run.result["limit_exceeded"]] == ["north"]


def test_what_a_step_is_a_share_of_stays_as_it_was_before_a_resumption() -> None:
    stored = dvds(40)

    def body(run: RunContext, *, stop: bool = True) -> None:
        with run.step("gone") as step:
            step.limit(Limits(deleted=0.3), of=DVD.objects.count())
            for batch in step.batches(paged([stored[:6], stored[6:12]])):
                batch.commit(deletion(batch.items, {dvd.pk for dvd in batch.items}), write=delete)
                if stop:
                    raise RefusalError

    run = limited(body, None)
    assert (run.status, DVD.objects.count()) == ("failed", 34)
    run = resumed(run, lambda run: body(run, stop=False))
    assert (run.status, run.error, DVD.objects.count()) == ("succeeded", "", 28)


def test_the_limit_that_stopped_a_step_is_told_after_a_resumption_too() -> None:
    stored = dvds(20)

    def body(run: RunContext, *, again: bool = True) -> None:
        if again:
            with run.step("gone", isolate=LimitExceededError) as step:
                step.limit(Limits(deleted=0.29))
                for batch in step.batches(paged([stored])):
                    batch.commit(deletion(batch.items, {dvd.pk for dvd in batch.items}), write=delete)
        run.commit(list, write=delete)
        with run.step("rest") as step:
            step.commit(lambda: [skipped(stored[0])], write=delete)
        if stops.pop():
            raise RefusalError

    stops = [False, False, True]
    run = limited(body, None)
    told = {"step": "gone", "limit": "deleted", "number": 20, "of": 20, "most": 29}
    assert (run.status, exceeded(run)) == ("failed", [told])
    run = resumed(run, lambda run: body(run, again=False))
    assert (run.status, exceeded(run), run.reasons["failed"]) == ("failed", [told], {"limit_exceeded": 1})


def test_a_step_cannot_ask_for_the_counting_that_an_operation_declares() -> None:
    run = limited(lambda run: [run.limit(Limits(before_first=True))].clear(), None)
    assert run.error.startswith("ValueError: before_first is declared with the operation")


# ---- of one run


@pytest.mark.parametrize("declared", [None, 0.9, 0.1])
def test_a_run_is_given_limits_in_place_of_those_declared(declared: float | None) -> None:
    run = limited(deleting(dvds(20), 7), Limits(deleted=declared), given=RunLimits(max_deleted=30))
    assert (run.status, DVD.objects.count(), run.limits) == ("failed", 17, {"max_deleted": 30})
    assert run.error.startswith("7 of 20 items would be deleted, the limit is 30 %")


def test_no_limit_of_a_run_lifts_one_that_allows_none_at_all() -> None:
    run = limited(deleting(dvds(20), 1), Limits(deleted=0), given=RunLimits(max_deleted=100))
    assert (run.status, DVD.objects.count()) == ("failed", 20)


def test_what_a_person_typed_as_a_limit_holds_though_the_counts_were_confirmed() -> None:
    limits = RunLimits(max_deleted=30)
    run = limited(deleting(dvds(20), 7), Limits(deleted=0.9), given=limits, attended=True)
    assert (run.status, DVD.objects.count()) == ("failed", 17)


def by_four(stored: list[DVD], step: Any) -> None:
    for batch in step.batches(paged([stored[place : place + 4] for place in range(0, len(stored), 4)])):
        batch.commit(added(batch.items), write=add)


def test_a_number_of_changes_is_that_of_all_steps_and_a_resumption_with_a_higher_one_goes_on() -> None:
    stored = dvds(24)

    def body(run: RunContext) -> None:
        for name, part in (("north", stored[:12]), ("south", stored[12:])):
            with run.step(name) as step:
                by_four(part, step)

    run = limited(body, None, given=RunLimits(max_changes=18))
    assert (run.status, copies()) == ("failed", [2] * 16 + [1] * 8)
    assert run.error.startswith("20 items would be changed, at most 18 may be: look at them")
    assert run.report == [f"south: next would have been 4 updated: {', '.join(f'updated {d}' for d in stored[16:20])}"]
    submission.requeue(run.pk, queue="default", limits=RunLimits(max_changes=20))
    run = claimed_again(run)
    assert (run.status, copies()) == ("failed", [2] * 20 + [1] * 4)
    submission.requeue(run.pk, queue="default", limits=RunLimits(max_changes=24))
    run = claimed_again(run)
    assert (run.status, run.error, copies()) == ("succeeded", "", [2] * 24)
    assert tallied(run.counts) == {"processed": 24, "updated": 24}


def test_a_statement_that_changes_more_rows_than_the_run_may_is_rolled_back() -> None:
    dvds(20)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=PLAN, write=WRITE)

    assert limited(body, None, given=RunLimits(max_changes=19)).status == "failed"
    assert copies() == [1] * 20
    assert limited(body, None, given=RunLimits(max_changes=20)).status == "succeeded"


@hypothesis.given(sizes=st.lists(st.integers(1, 6), max_size=8), most=st.integers(0, 40))
@hypothesis.settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_committed_never_passes_the_number_and_stops_only_when_it_would(sizes: list[int], most: int) -> None:
    DVD.objects.all().delete()
    stored = dvds(sum(sizes))
    ends = [*accumulate(sizes)]

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([stored[end - size : end] for size, end in zip(sizes, ends, strict=True)])):
            batch.commit(added(batch.items), write=add)

    run = limited(body, None, given=RunLimits(max_changes=most))
    done = max((end for end in ends if end <= most), default=0)
    assert sorted(copies()) == [1] * (len(stored) - done) + [2] * done
    assert run.status == ("succeeded" if done == len(stored) else "failed")


def test_a_dry_run_says_which_limit_of_its_own_would_stop_a_real_one() -> None:
    stored = dvds(24)

    def body(run: RunContext) -> None:
        for name, part in (("north", stored[:12]), ("south", stored[12:])):
            with run.step(name) as step:
                by_four(part, step)

    run = limited(body, None, given=RunLimits(max_changes=18), dry_run=True, confirm="")
    [told] = run.report
    assert "would be stopped at south (limit_exceeded): 24 items would be changed, at most 18 may be" in told


@pytest.mark.parametrize("operation", [read_file, talk])
def test_an_operation_that_limits_cannot_stop_is_given_none(operation: Any) -> None:
    with pytest.raises(InvalidParamsError, match="has no limits: it"):
        operation.check_limits(RunLimits(max_changes=1))


# ---- dry runs


@pytest.mark.parametrize("before_first", [True, False])
def test_a_dry_run_says_that_a_real_one_would_be_stopped(*, before_first: bool) -> None:
    run = limited(deleting(dvds(20), 11), Limits(deleted=0.5, before_first=before_first), dry_run=True, confirm="")
    assert (run.status, run.report) == (
        "succeeded",
        [f"A run that nobody confirms on a terminal would be stopped (limit_exceeded): {ERROR}"],
    )
    assert run.result["limit_exceeded"][0]["number"] == 11
    assert tallied(run.counts) == {"processed": 20, "deleted": 11, "skipped": 9}


def test_a_dry_run_within_its_limits_says_nothing() -> None:
    run = limited(deleting(dvds(20), 10), Limits(deleted=0.5, before_first=True), dry_run=True, confirm="")
    assert (run.status, run.report, run.result) == ("succeeded", [], {})


def test_a_dry_run_also_says_what_would_stop_a_real_one_on_its_way() -> None:
    stored = dvds(60)

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([stored[:20], stored[20:]])):
            batch.commit(deletion(batch.items, {dvd.pk for dvd in stored[:20]}), write=delete)

    run = limited(body, Limits(deleted=0.5), dry_run=True, confirm="")
    assert run.report[0].endswith(f"would be stopped (limit_exceeded): {ERROR.replace('11 of', '20 of')}")


# ---- parts


@pytest.fixture
def _clean(broker: str) -> None:
    messages(broker)


def in_parts(broker: str, doomed: set[int], limits: Limits, *, dry_run: bool = False) -> Run:
    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit(deletion(batch.items, doomed), write=delete)

    stage.body, stage.limits = body, limits
    run = submission.record(scripted_limited_parts, Nothing(), queue="default", dry_run=dry_run)
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    worked_off(broker)
    return reread(run)


@pytest.mark.usefixtures("_clean")
def test_a_limit_holds_for_all_parts_together(broker: str) -> None:
    stored = dvds(30)
    doomed = {dvd.pk for dvd in stored[:16]}
    run = in_parts(broker, doomed, HALF)
    assert run.status == "failed"
    assert "16 of 30 items would be deleted, the limit is 50 %" in run.error
    assert DVD.objects.filter(pk__in=doomed).count() == 6
    told = {"step": "", "limit": "deleted", "number": 16, "of": 30, "most": 50}
    assert (run.reasons["failed"], exceeded(run)) == ({"limit_exceeded": 1}, [told])
    submission.requeue(run.pk, queue="default", limits=RunLimits(max_deleted=100, max_changes=16))
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    worked_off(broker)
    again = reread(run)
    assert (again.status, again.result, tallied(again.counts)) == (
        "succeeded", {}, {"processed": 30, "deleted": 16, "skipped": 14}
    )  # fmt: skip


@pytest.mark.usefixtures("_clean")
def test_one_part_may_delete_more_than_its_share_while_the_whole_does_not(broker: str) -> None:
    stored = dvds(30)
    run = in_parts(broker, {dvd.pk for dvd in stored[:15]}, HALF)
    assert (run.status, DVD.objects.count()) == ("succeeded", 15)


@pytest.mark.usefixtures("_clean")
def test_a_split_run_is_counted_first_as_a_whole(broker: str) -> None:
    stored = dvds(30)
    run = in_parts(broker, {dvd.pk for dvd in stored[:16]}, Limits(deleted=0.5, before_first=True))
    assert (run.status, run.parts.count(), DVD.objects.count()) == ("failed", 0, 30)
    run = in_parts(broker, {dvd.pk for dvd in stored[:15]}, Limits(deleted=0.5, before_first=True))
    assert (run.status, run.parts.count(), DVD.objects.count()) == ("succeeded", 3, 15)


@pytest.mark.usefixtures("_clean")
def test_a_dry_run_in_parts_says_that_a_real_one_would_be_stopped(broker: str) -> None:
    stored = dvds(30)
    run = in_parts(broker, {dvd.pk for dvd in stored[:16]}, HALF, dry_run=True)
    [told] = run.report
    assert (run.status, told[:52]) == ("succeeded", "A real run would be stopped (limit_exceeded): 16 of ")


# ---- commands


def test_a_stopped_run_is_a_failed_one_for_programs() -> None:
    stage.body, stage.limits = deleting(dvds(20), 11), Limits(deleted=0.5, before_first=True)
    outcome: Outcome = runner.execute(scripted_limited, Nothing(), confirm="yes", raises=False)
    told = outcome.as_json()
    assert (outcome.exit_code, told["status"], told["error"]) == (1, "failed", ERROR)
    assert told["reasons"] == {"limit_exceeded": 1}
