"""Refusals that are held back until the system that refuses has shown that it can do otherwise."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.collection.models import DVD
from tests.integration.operations.factories import COMMITTED, copies, paged, tallied
from tests.operations.dvds import RefusalError, add, added
from tests.operations.scripted import claimed_again, played, reread, resumed, scripted_parts
from upkeep.operations.context import RunContext
from upkeep.operations.errors import HandOver, RunInterrupted
from upkeep.operations.execution import parts
from upkeep.operations.execution.trials import Trial
from upkeep.operations.models import Run
from upkeep.operations.plans import Change

pytestmark = COMMITTED

TRIAL = Trial(refusals=("not_found", "rejected"), advice="check the address")
WORDS = {"r": "not_found", "x": "rejected", "u": "unavailable", "f": "not_understood"}
"""What a DVD's letter is answered; any other one is found."""


def shelf(letters: str) -> list[DVD]:
    """A DVD for each letter."""
    return DVD.objects.bulk_create(DVD(name=letter) for letter in letters)


def plan(stored: Sequence[DVD]) -> list[Change]:
    """Every DVD that was answered gets one more copy, which notes it."""
    return [
        Change("failed", str(dvd.pk), dvd.name, reason=WORDS[dvd.name], payload=None if dvd.name == "u" else dvd.pk)
        if dvd.name in WORDS
        else added([dvd])[0]
        for dvd in stored
    ]


def tried(stored: Sequence[DVD]) -> None:
    DVD.objects.filter(pk__in=[dvd.pk for dvd in stored]).update(location="tried")


def looking(
    *sizes: int, stop: dict[int, BaseException] | None = None, in_vain: Callable[[Sequence[DVD]], None] | None = None
) -> Callable[[RunContext], None]:
    """Look all DVDs up, in pages of these sizes; the last size again and again."""
    stops = stop or {}

    def body(run: RunContext) -> None:
        stored, pages = list(DVD.objects.order_by("pk")), []
        for number in range(len(stored)):
            size = sizes[min(number, len(sizes) - 1)]
            pages.append(stored[:size])
            stored = stored[size:]
        found = run.batches(paged([page for page in pages if page]), trial=TRIAL, in_vain=in_vain)
        for number, batch in enumerate(found):
            if number in stops:
                raise stops.pop(number)
            batch.commit(plan(batch.items), write=add)

    return body


def noted() -> str:
    """One letter for each DVD: `1` if it was noted."""
    return "".join("1" if number == 2 else "0" for number in copies())


@pytest.mark.parametrize("size", [1, 2, 3, 5, 20])
@pytest.mark.parametrize(
    ("letters", "status", "expected"),
    [
        ("rrrr", "succeeded", "1111"),
        ("rxrx", "succeeded", "1111"),
        ("rrrrr", "failed", "00000"),
        ("rxrxrr", "failed", "000000"),
        ("rrrrra", "succeeded", "111111"),
        ("rrrrrf", "succeeded", "111111"),
        ("arrrrr", "succeeded", "111111"),
        ("rrrrrarr", "succeeded", "11111111"),
        ("uuuuuu", "succeeded", "000000"),
        ("rrrruu", "succeeded", "111100"),
        ("rruurrr", "failed", "0000000"),
        ("urrrrra", "succeeded", "0111111"),
        ("", "succeeded", ""),
    ],
)
def test_refusals_are_noted_with_the_first_other_answer_or_when_there_are_few(
    letters: str, status: str, expected: str, size: int
) -> None:
    shelf(letters)
    run = played(looking(size))
    assert (run.status, noted()) == (status, expected)
    assert run.counts.get("processed", 0) == (len(letters) if status == "succeeded" else 0)


def test_a_failed_trial_says_what_was_refused_and_what_to_check() -> None:
    shelf("rrrxu")
    shelf("rr")
    assert played(looking(3)).error == (
        "all 7 lookups failed (5 not_found, 1 rejected, 1 unavailable), so nothing was noted: check the address"
    )


def test_after_a_failed_trial_the_run_is_resumed_from_the_start() -> None:
    shelf("rrrrrr")
    run = played(looking(2))
    DVD.objects.update(name="a")
    run = resumed(run)
    assert (run.status, noted(), tallied(run.counts)) == ("succeeded", "111111", {"processed": 6, "updated": 6})


def test_a_dry_run_comes_to_the_same_end_and_notes_nothing() -> None:
    shelf("rrrrr")
    assert played(looking(2, in_vain=tried), dry_run=True).status == "failed"
    shelf("a")
    run = played(looking(2, in_vain=tried), dry_run=True)
    assert (run.status, noted(), tallied(run.counts)) == (
        "succeeded", "000000", {"processed": 6, "updated": 1, "failed": 5}
    )  # fmt: skip
    assert not DVD.objects.filter(location="tried").exists()


def test_what_was_looked_up_in_vain_is_handed_over_once_the_trial_failed() -> None:
    shelf("rrrruur")
    run = played(looking(3, in_vain=tried))
    assert (run.status, noted(), DVD.objects.filter(location="tried").count()) == ("failed", "0000000", 7)
    DVD.objects.update(location="", name="a")
    assert resumed(run).status == "succeeded"
    assert not DVD.objects.filter(location="tried").exists()


def test_the_items_of_a_fetch_that_fails_are_handed_over_and_no_others() -> None:
    stored = shelf("a" * 25)

    def fetch(rows: Sequence[DVD]) -> None:
        if stored[-1] in rows:
            raise RefusalError("down")

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all(), fetch=fetch, in_vain=tried):
            batch.commit(plan(batch.items), write=add)

    run = played(body)
    assert (run.status, run.error) == ("failed", "down")
    vain = DVD.objects.filter(location="tried")
    assert vain.filter(pk=stored[-1].pk).exists()
    assert vain.count() + run.counts["processed"] == 25
    assert not vain.filter(copy_number=2).exists()


@settings(max_examples=30, deadline=None)
@given(letters=st.text("rxufa", max_size=12), data=st.data())
def test_a_run_that_is_stopped_anywhere_ends_as_if_it_had_not_been(letters: str, data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    DVD.objects.all().delete()
    shelf(letters)
    whole = played(looking(*sizes))
    expected = (whole.status, tallied(whole.counts), whole.reasons, noted())
    DVD.objects.update(copy_number=1)
    kinds: list[Any] = [RunInterrupted, HandOver]
    stops = data.draw(st.dictionaries(st.integers(0, 6), st.sampled_from(kinds), max_size=3))
    body = looking(*sizes, stop={number: kind() for number, kind in stops.items()})
    run = played(body)
    while run.status in {"queued", "cancelled"}:
        run = claimed_again(run) if run.status == "queued" else resumed(run, body)
    assert (run.status, tallied(run.counts), run.reasons, noted()) == expected


@pytest.mark.parametrize(("letters", "status"), [("r" * 5, "failed"), ("r" * 4, "succeeded"), ("r" * 30, "failed")])
@pytest.mark.usefixtures("broker")
def test_a_run_is_not_divided_before_its_trial_is_over(letters: str, status: str) -> None:
    shelf(letters)
    run = played(by_key, what=scripted_parts)
    assert (run.status, run.parts.count(), "1" in noted()) == (status, 0, status == "succeeded")


@pytest.mark.usefixtures("broker")
def test_a_run_is_divided_once_its_trial_is_over_and_every_item_is_fetched_once() -> None:
    shelf("r" * 25 + "a" + "r" * 60)
    run = played(by_key, what=scripted_parts)
    assert (run.status, run.parts.count()) == ("running", 3)
    run = worked_off(run)
    assert (run.status, noted()) == ("succeeded", "1" * 86)
    assert sorted(FETCHED) == list(DVD.objects.order_by("pk").values_list("pk", flat=True))


@pytest.mark.usefixtures("broker")
def test_what_a_trial_took_counts_towards_the_limit_of_a_divided_run() -> None:
    shelf("a" * 40)
    run = played(lambda run: by_key(run, limit=30), what=scripted_parts)
    run = worked_off(run)
    assert (run.status, noted().count("1"), run.counts["processed"]) == ("succeeded", 30, 30)


def worked_off(run: Run) -> Run:
    """The run, once its parts and then itself are through."""
    for part in run.parts.all():
        claimed_again(part)
    parts.settle(run.pk)
    return claimed_again(reread(run))


FETCHED: list[int] = []


@pytest.fixture(autouse=True)
def _nothing_fetched() -> None:
    FETCHED.clear()


def by_key(run: RunContext, *, limit: int | None = None) -> None:
    """Look all DVDs up, in pages by their keys."""

    def fetch(rows: Sequence[DVD]) -> None:
        FETCHED.extend(dvd.pk for dvd in rows)

    for batch in run.batches(DVD.objects.all(), limit=limit, fetch=fetch, trial=TRIAL):
        batch.commit(plan(batch.items), write=add)
