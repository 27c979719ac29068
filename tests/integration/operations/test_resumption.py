from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from backend.collection.models import DVD
from tests.integration.messages import publishing
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds, paged, skipped, tallied
from tests.operations.dvds import PLAN, WRITE, CrashError, RefusalError, add, added, delete
from tests.operations.scripted import claimed_again, played, recorded, reread, resumed
from upkeep.operations.cancellation import cancel
from upkeep.operations.context import RunContext
from upkeep.operations.errors import HandOver, OperationError, RunInterrupted
from upkeep.operations.models import Run
from upkeep.operations.plans import Change
from upkeep.operations.submission import requeue

pytestmark = COMMITTED

STOPS = (RefusalError, RunInterrupted, HandOver)


def sizes(left: int, data: st.DataObject) -> Iterator[int]:
    """Random sizes of pages that add up to `left`."""
    while left:
        size = data.draw(st.integers(1, left))
        left -= size
        yield size


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_run_that_is_stopped_anywhere_and_resumed_changes_every_row_exactly_once(data: st.DataObject) -> None:
    DVD.objects.all().delete()
    stored = dvds(data.draw(st.integers(1, 12)))
    left = iter(stored)
    pages = [[next(left) for _ in range(size)] for size in sizes(len(stored), data)]
    stops = chain(data.draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(STOPS)), max_size=4)), repeat(None))
    by_sql = data.draw(st.booleans())

    def body(run: RunContext) -> None:
        stop = next(stops)
        for number, batch in enumerate(run.batches(DVD.objects.all()) if by_sql else run.batches(paged(pages))):
            if stop and number == stop[0]:
                raise stop[1]
            if by_sql:
                batch.commit_sql(plan=PLAN, write=WRITE)
            else:
                batch.commit([*added(batch.items[1:]), skipped(batch.items[0])], write=add)
        if stop:
            raise stop[1]

    run = played(body)
    while run.status != "succeeded":
        run = claimed_again(run) if run.status == "queued" else resumed(run)
    untouched = {page[0].pk for page in pages} if not by_sql else set()
    assert copies() == [1 if dvd.pk in untouched else 2 for dvd in stored]
    expected = {"processed": len(stored), "updated": len(stored) - len(untouched), "skipped": len(untouched)}
    assert tallied(run.counts) == tallied(expected)
    assert run.changes_recorded == run.changes.count() == len(stored)
    assert run.changes.values("key").distinct().count() == len(stored)


def test_a_step_without_a_cursor_starts_again_with_honest_counts() -> None:
    stored = dvds(4)

    def source(_after: object) -> list[tuple[list[DVD], None]]:
        return [(list(DVD.objects.filter(pk__in=[dvd.pk for dvd in page])), None) for page in (stored[:2], stored[2:])]

    def body(run: RunContext, *, stop: bool = True) -> None:
        for batch in run.batches(source):
            plan = [change if dvd.copy_number == 1 else skipped(dvd, "done") for change, dvd in zip(
                added(batch.items), batch.items, strict=True)]  # fmt: skip
            batch.commit(plan, write=add)
            if stop:
                raise RefusalError

    run = played(body)
    assert tallied(run.counts) == {"processed": 2, "updated": 2}
    run = resumed(run, lambda run: body(run, stop=False))
    assert copies() == [2] * 4
    assert tallied(run.counts) == {"processed": 4, "updated": 2, "skipped": 2}
    assert run.reasons == {"skipped": {"done": 2}}


def test_what_a_step_without_a_cursor_deleted_stays_counted_when_it_starts_again() -> None:
    dvds(4)

    def source(_after: object) -> Iterator[tuple[list[DVD], None]]:
        while page := list(DVD.objects.all()[:2]):
            yield page, None

    def body(run: RunContext, *, stop: bool = True) -> None:
        for batch in run.batches(source):
            plan = [Change("deleted", str(dvd.pk), dvd.name, payload=dvd.pk) for dvd in batch.items]
            batch.commit(plan, write=delete)
            if stop:
                raise RefusalError

    run = resumed(played(body), lambda run: body(run, stop=False))
    assert run.status == "succeeded"
    assert tallied(run.counts)["deleted"] == 4


def test_a_limit_counts_the_items_from_before_the_resumption() -> None:
    stored = dvds(6)
    pages = [[dvd] for dvd in stored]

    def body(run: RunContext, *, stop: bool = True) -> None:
        for number, batch in enumerate(run.batches(paged(pages), limit=4)):
            batch.commit(added(batch.items), write=add)
            if stop and number == 1:
                raise RefusalError

    run = resumed(played(body), lambda run: body(run, stop=False))
    assert copies() == [2, 2, 2, 2, 1, 1]
    assert tallied(run.counts) == {"processed": 4, "updated": 4}


def test_a_page_beyond_the_limit_is_cut() -> None:
    stored = dvds(6)

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([stored]), limit=4):
            batch.commit(added(batch.items), write=add)

    assert tallied(played(body).counts) == {"processed": 4, "updated": 4}
    assert copies() == [2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize("limit", [0, 1, 3, 7, None])
def test_a_limit_holds_for_a_queryset_with_and_without_fetching(limit: int | None) -> None:
    dvds(7)

    def body(run: RunContext) -> None:
        with run.step("fetching") as step:
            for batch in step.batches(DVD.objects.all(), limit=limit, fetch=len):
                batch.commit(added(batch.items), write=add)
        for batch in run.batches(DVD.objects.all(), limit=limit):
            batch.commit(added(batch.items), write=add)

    number = 7 if limit is None else limit
    run = played(body)
    assert copies() == [3] * number + [1] * (7 - number)
    assert run.counts["processed"] == 2 * number
    assert run.steps[""]["total"] == run.steps["fetching"]["total"] == number


def test_named_steps_that_are_done_are_not_repeated() -> None:
    dvds(2)
    started: list[str] = []

    def body(run: RunContext, *, stop: bool = True) -> None:
        for name in ("first", "second"):
            with run.step(name) as step:
                for batch in step.batches(DVD.objects.all()):
                    started.append(name)
                    batch.commit(added(batch.items), write=add)
            if stop:
                raise RefusalError

    run = played(body)
    assert (run.status, started) == ("failed", ["first"])
    run = resumed(run, lambda run: body(run, stop=False))
    assert (run.status, started) == ("succeeded", ["first", "second"])
    assert copies() == [3, 3]
    assert tallied(run.counts) == {"processed": 4, "updated": 4}


def test_a_run_of_one_batch_that_committed_is_not_repeated() -> None:
    stored = dvds(2)

    def body(run: RunContext, *, stop: bool = True) -> None:
        run.commit(lambda: added(stored), write=add)
        if stop:
            raise RefusalError

    run = resumed(played(body), lambda run: body(run, stop=False))
    assert (copies(), tallied(run.counts)) == ([2, 2], {"processed": 2, "updated": 2})


def failing(run: RunContext, *names: str) -> None:
    """Two steps, of which those named fail by something foreseen."""
    for name in ("north", "south"):
        with run.step(name, isolate=RefusalError) as step:
            if name in names:
                raise RefusalError(f"no road to {name}")
            for batch in step.batches(DVD.objects.all()):
                batch.commit(added(batch.items), write=add)


def test_an_isolated_failure_is_one_failed_item_and_the_other_steps_go_on() -> None:
    dvds(2)
    run = played(lambda run: failing(run, "north"))
    assert (run.status, run.error, copies()) == ("succeeded", "", [2, 2])
    assert tallied(run.counts) == {"processed": 3, "updated": 2, "failed": 1}
    assert run.reasons == {"failed": {"step_failed": 1}}
    assert run.changes.get(action="failed").label == "north: no road to north"
    assert [line.message for line in run.log.all()] == ["north: no road to north"]


def test_a_run_all_of_whose_steps_failed_is_failed_and_says_why() -> None:
    run = played(lambda run: failing(run, "north", "south"))
    assert run.status == "failed"
    assert run.error == "north: no road to north; south: no road to south"


def test_a_step_that_failed_counts_no_more_once_it_is_resumed_and_done() -> None:
    stored = dvds(4)

    def body(run: RunContext, *, stop: bool = True) -> None:
        with run.step("north", isolate=RefusalError) as step:
            for batch in step.batches(paged([stored[:2], stored[2:]])):
                batch.commit(added(batch.items), write=add)
                if stop:
                    raise RefusalError

    run = played(body)
    assert (run.status, tallied(run.counts)) == ("failed", {"processed": 3, "updated": 2, "failed": 1})
    run = resumed(run)
    assert (tallied(run.counts), run.changes.count(), run.changes_recorded) == (
        {"processed": 5, "updated": 4, "failed": 1}, 5, 5
    )  # fmt: skip
    run = resumed(run, lambda run: body(run, stop=False))
    assert (run.status, copies()) == ("succeeded", [2] * 4)
    assert tallied(run.counts) == {"processed": 4, "updated": 4}
    assert (run.reasons, run.changes_recorded) == ({}, 4)
    assert [change.action for change in run.changes.all()] == ["updated"] * 4


@pytest.mark.parametrize("most", [0, 1])
def test_the_failure_of_a_step_that_is_tried_again_is_forgotten_whether_or_not_it_was_recorded(
    settings: Settings, most: int
) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": most}

    def body(run: RunContext) -> None:
        with run.step("north", isolate=RefusalError):
            raise RefusalError

    run = resumed(played(body))
    assert (run.counts["failed"], run.changes_recorded, run.changes_left_out) == (1, most, 1 - most)
    assert run.changes.count() == most


def test_a_step_that_failed_for_many_reasons_counts_no_more_once_it_is_resumed_and_done() -> None:
    stored = dvds(60)

    def body(run: RunContext, *, stop: bool = True) -> None:
        with run.step("north", isolate=RefusalError) as step:
            for batch in step.batches(paged([stored])):
                reasons = [Change("failed", str(dvd.pk), dvd.name, reason=f"r{dvd.pk}") for dvd in batch.items]
                batch.commit(reasons, write=add)
                if stop:
                    raise RefusalError

    run = played(body)
    assert (run.counts["failed"], run.reasons["failed"]["other"]) == (61, 11)
    run = resumed(run, lambda run: body(run, stop=False))
    assert (run.counts["failed"], run.reasons["failed"]["other"], run.changes.count()) == (60, 10, 60)


def test_an_error_that_a_step_does_not_isolate_fails_the_run() -> None:
    def body(run: RunContext) -> None:
        with run.step("north", isolate=CrashError):
            raise RefusalError("no")

    assert (played(body).status, Run.objects.get().error) == ("failed", "no")


@pytest.mark.parametrize("status", ["queued", "running", "succeeded", "skipped"])
def test_only_a_failed_or_cancelled_run_is_resumed(status: str) -> None:
    run = recorded(add_one_to_each, status=status)
    with pytest.raises(OperationError, match="only a failed or cancelled run can be resumed"):
        requeue(run.pk, queue="default")
    assert reread(run).status == status


def test_a_run_that_is_requeued_for_workers_is_sent_once_the_transaction_is_committed() -> None:
    sent: list[UUID] = []

    def publish(run: Run, **_options: Any) -> bool:
        sent.append(run.pk)
        return True

    run = recorded(add_one_to_each, status="failed", attempt=1)
    with publishing(publish), transaction.atomic():
        requeue(run.pk, queue="default")
        assert sent == []
    assert sent == [run.pk]
    here = recorded(add_one_to_each, status="failed", attempt=1)
    with publishing(publish):
        requeue(here.pk, queue="")
    assert sent == [run.pk]


def test_a_cancelled_run_that_was_resumed_is_not_cancelled_again() -> None:
    dvds(1)
    run = recorded(add_one_to_each)
    assert cancel(run.pk) == "cancelled"
    run = resumed(run)
    assert (run.status, run.cancel_at, copies()) == ("succeeded", None, [2])


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise AttributeError("no text")


def unending() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["itself"] = found
    return found


@pytest.mark.parametrize(
    ("found", "reason"),
    [(unending(), "RecursionError: "), (10**5000, "ValueError: Exceeds the limit"), (SpeechlessError(), "no text")],
    ids=["endless", "a huge number", "without a text"],
)
def test_a_run_whose_result_cannot_be_recorded_fails_with_that_reason_and_keeps_what_it_did(
    found: object, reason: str
) -> None:
    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=PLAN, write=WRITE)
        run.report("done", found=found)

    dvds(2)
    run = played(body)
    assert (run.status, run.lease_until, copies()) == ("failed", None, [2, 2])
    assert run.error.startswith("its end could not be recorded: ")
    assert reason in run.error
    assert resumed(run, lambda _run: None).status == "succeeded"


def test_an_exception_without_a_text_fails_its_run_by_its_name() -> None:
    def body(_run: RunContext) -> None:
        raise SpeechlessError

    run = played(body)
    assert (run.status, run.error) == ("failed", "SpeechlessError: SpeechlessError")
