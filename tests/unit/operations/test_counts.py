import json

from hypothesis import given
from hypothesis import strategies as st

from upkeep.operations.counts import MAX_REASONS, OTHER, Counts
from upkeep.operations.plans import ACTIONS, Change

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


def test_what_has_no_room_stays_as_many_in_whatever_order_the_reasons_are_kept() -> None:
    """The database orders the keys of an object by their length, then by their letters."""
    plan = [Change("failed", "1", "one", reason=f"reason{number}") for number in range(MAX_REASONS + 10)]
    counts = Counts() + Counts.of(plan)
    kept = counts.dump()
    kept["reasons"]["failed"] = dict(sorted(kept["reasons"]["failed"].items()))
    assert (Counts() + Counts.load(kept)).reasons["failed"][OTHER] == counts.reasons["failed"][OTHER] == 10


@given(plans)
def test_counts_survive_json(plan: list[Change]) -> None:
    counts = Counts.of(plan)
    assert Counts.load(json.loads(json.dumps(counts.dump()))).dump() == counts.dump()


def doubled(change: Change) -> dict[str, int]:
    """Two for each; of those that failed, one less."""
    return {"two": 2} if change.action != "failed" else {"less": -1}


@given(plans, plans)
def test_an_operations_own_figures_add_up_however_the_items_are_divided(one: list[Change], two: list[Change]) -> None:
    together = Counts.of([*one, *two], doubled)
    assert (Counts.of(one, doubled) + Counts.of(two, doubled)).tally == together.tally
    failed = together["failed"]
    expected = {"two": 2 * (together.processed - failed), "less": -failed}
    assert together.tally == {name: number for name, number in expected.items() if number}


@given(plans)
def test_an_operations_own_figures_survive_json_and_what_is_taken_away(plan: list[Change]) -> None:
    counts = Counts.of(plan, doubled)
    assert Counts.load(json.loads(json.dumps(counts.dump()))).tally == counts.tally
    assert (
        counts + Counts.one("failed", 1, "step_failed") - Counts.one("failed", 1, "step_failed")
    ).tally == counts.tally


@given(plans)
def test_a_restart_keeps_the_figures_of_what_was_deleted_alone(plan: list[Change]) -> None:
    deleted = [change for change in plan if change.action == "deleted"]
    assert Counts.of(plan, doubled).restarted().tally == Counts.of(deleted, doubled).tally


def test_a_restart_forgets_everything_but_what_was_deleted() -> None:
    counts = Counts.one("deleted", 3) + Counts.one("updated", 2) + Counts.one("skipped", 1, "x")
    assert counts.restarted().as_json() == Counts.one("deleted", 3).as_json()
    assert Counts.one("updated", 2).restarted().as_json()["processed"] == 0
