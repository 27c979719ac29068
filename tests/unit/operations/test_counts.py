import json

from hypothesis import given
from hypothesis import strategies as st

from backend.operations.counts import ACTIONS, Counts
from backend.operations.plans import Change

plans = st.lists(
    st.builds(
        lambda action, reason: Change(action, "1", "one", reason=reason),
        st.sampled_from(ACTIONS),
        st.sampled_from(["", "a", "b"]),
    )
)


@given(plans)
def test_every_item_is_counted_in_exactly_one_outcome(plan: list[Change]) -> None:
    told = Counts.of(plan).as_json()
    assert told.pop("processed") == sum(told.values()) == len(plan)
    assert list(told) == list(ACTIONS)


@given(plans)
def test_every_skipped_and_failed_item_has_a_counted_reason(plan: list[Change]) -> None:
    counts = Counts.of(plan)
    for action in ACTIONS:
        expected = counts[action] if action in ("skipped", "failed") else 0
        assert sum(counts.reasons.get(action, {}).values()) == expected


@given(plans, plans)
def test_counts_add_up_however_the_items_are_divided(one: list[Change], two: list[Change]) -> None:
    assert (Counts.of(one) + Counts.of(two)).as_json() == Counts.of([*one, *two]).as_json()
    assert (Counts.of(one) + Counts.of(two)).dump()["reasons"] == Counts.of([*one, *two]).dump()["reasons"]


@given(plans, plans)
def test_what_is_taken_away_is_gone(one: list[Change], two: list[Change]) -> None:
    left = Counts.of([*one, *two]) - Counts.of(two)
    assert left.as_json() == Counts.of(one).as_json()
    assert left.dump()["reasons"] == Counts.of(one).dump()["reasons"]


@given(plans)
def test_counts_survive_json(plan: list[Change]) -> None:
    counts = Counts.of(plan)
    assert Counts.load(json.loads(json.dumps(counts.dump()))).dump() == counts.dump()


def test_a_restart_forgets_everything_but_what_was_deleted() -> None:
    counts = Counts.one("deleted", 3) + Counts.one("updated", 2) + Counts.one("skipped", 1, "x")
    assert counts.restarted().as_json() == Counts.one("deleted", 3).as_json()
    assert Counts.one("updated", 2).restarted().as_json()["processed"] == 0
