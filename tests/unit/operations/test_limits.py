from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from upkeep.operations.counts import Counts
from upkeep.operations.limits import LimitExceededError, Limits, Percent


def counts(**numbers: int) -> Counts:
    return Counts(numbers)


def test_half_of_the_items_is_not_more_than_half() -> None:
    limits = Limits(deleted=0.5)
    assert limits.excess(counts(deleted=10, unchanged=10), 0) is None
    assert limits.excess(counts(deleted=11, unchanged=10), 0) == ("deleted", 11, 21, 0.5)


@given(percent=st.integers(0, 100), deleted=st.integers(0, 300), of=st.integers(1, 300))
def test_a_share_is_compared_exactly(percent: int, deleted: int, of: int) -> None:
    found = Limits(deleted=percent / 100, least=1).excess(counts(deleted=deleted, unchanged=max(0, of - deleted)), of)
    assert (found is not None) is (Fraction(deleted, max(of, deleted)) > Fraction(percent, 100))


@pytest.mark.parametrize(("of", "stopped"), [(19, False), (20, True)])
def test_a_share_of_fewer_than_the_least_number_is_not_limited(of: int, *, stopped: bool) -> None:
    assert bool(Limits(deleted=0.5).excess(counts(deleted=of), of)) is stopped


def test_a_limit_of_0_allows_none_however_few_there_are() -> None:
    assert Limits(deleted=0).excess(counts(deleted=1, unchanged=3), 4) == ("deleted", 1, 4, 0)
    assert Limits(deleted=0).excess(counts(unchanged=4), 4) is None


def test_per_cent_are_told_as_they_were_given() -> None:
    excess = Limits(deleted=0.29).excess(counts(deleted=30), 100)
    assert excess
    assert LimitExceededError(excess, step="", advice="").as_json()["most"] == 29


def test_changed_is_what_was_there_before() -> None:
    limits = Limits(changed=0.5)
    assert limits.excess(counts(created=100), 0) is None
    assert limits.excess(counts(updated=30, deleted=31, unchanged=60), 0) == ("changed", 61, 121, 0.5)


def test_the_share_is_of_the_number_given_when_that_is_more_than_was_counted() -> None:
    limits = Limits(deleted=0.3)
    assert limits.excess(counts(deleted=30), 100) is None
    assert limits.excess(counts(deleted=31), 100) == ("deleted", 31, 100, 0.3)
    assert limits.excess(counts(deleted=31), 10) == ("deleted", 31, 31, 0.3)


def test_what_a_person_confirmed_is_limited_in_its_failures_alone() -> None:
    confirmed = Limits(deleted=0.1, changed=0.1, failed=0.1, before_first=True).confirmed()
    assert confirmed.excess(counts(deleted=50, updated=50), 100) is None
    assert confirmed.excess(counts(failed=11), 100) == ("failed", 11, 100, 0.1)
    assert not confirmed.before_first


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(deleted=0.5, advice="look"), "1,500 of 2,000 items would be deleted, the limit is 50 %: look"),
        (Limits(deleted=0, advice="look"), "1,500 of 2,000 items would be deleted, none may be: look"),
        (Limits(changed=0.125, advice="look"), "1,500 of 2,000 items would be changed, the limit is 12.5 %: look"),
    ],
)
def test_an_exceeded_limit_says_how_many_of_how_many_and_what_to_do(limits: Limits, told: str) -> None:
    excess = limits.excess(counts(deleted=1_500), 2_000)
    assert excess
    assert str(LimitExceededError(excess, step="", advice=limits.advice)) == told


def test_failures_have_happened() -> None:
    excess = Limits(failed=0.5).excess(counts(failed=20), 20)
    assert excess
    assert excess.line(advice="look") == "20 of 20 items failed, the limit is 50 %: look"


@pytest.mark.parametrize("value", [-1, 101, 0.5, "half"])
def test_per_cent_is_a_whole_number_from_0_to_100(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[int](Percent).validate_python(value)
