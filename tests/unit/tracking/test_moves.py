from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.kernel import moves
from backend.tracking.kernel.moves import Absence, Elsewhere, Farewell, Missed, Whereabouts

NOW = datetime(2026, 3, 2, tzinfo=UTC)
EARLIER = datetime(2026, 1, 2, tzinfo=UTC)
OPEN = {"state": "open", "moved_to": "", "estimate": 2, "closed_at": None}
UUID_1, UUID_2, UUID_3 = (UUID(int=number) for number in (1, 2, 3))


def missed(*, values: dict[str, Any] | None = None, has_work: bool = False, heir: UUID | None = None) -> Missed:
    return Missed(UUID_1, "7", "#7", "#7", has_work=has_work, heir=heir, values=OPEN | (values or {}))


def planned(each: Missed, where: Whereabouts) -> tuple[str, str, Any]:
    [change] = moves.plan([each], [where], siblings={"b"}, now=NOW)
    assert (change.key, change.label) == ("7", "#7")
    values = change.payload.values if isinstance(change.payload, Farewell) else None
    return change.action, change.reason, values


CLOSED = {"state": "moved", "estimate": None, "closed_at": NOW}


@pytest.mark.parametrize(
    ("each", "where", "expected"),
    [
        (missed(), Absence.GONE, ("deleted", "", None)),
        (missed(has_work=True), Absence.GONE, ("deleted", "", None)),
        (missed(), Absence.HIDDEN, ("deleted", "", None)),
        (missed(has_work=True), Absence.HIDDEN, ("updated", "", CLOSED | {"moved_to": "unknown"})),
        (missed(has_work=True), Absence.HERE, ("skipped", "still_there", None)),
        (missed(), Elsewhere("99"), ("updated", "", CLOSED | {"moved_to": "99"})),
        (missed(), Elsewhere("C-1", "C"), ("updated", "", CLOSED | {"moved_to": "C-1"})),
        (missed(), Elsewhere("B-1", "B"), ("skipped", "moved", None)),
        (missed(heir=UUID_2), Elsewhere("B-1", "B"), ("deleted", "", None)),
        (missed(values={"closed_at": EARLIER, "estimate": None}), Elsewhere("9"), None),
    ],
)
def test_what_was_not_met_is_deleted_closed_or_left_alone(each: Missed, where: Whereabouts, expected: Any) -> None:
    assert planned(each, where) == (expected or ("updated", "", {"state": "moved", "moved_to": "9"}))


def test_a_chain_leads_to_its_end_and_a_circle_to_the_last_one_before_it_closes() -> None:
    assert dict(moves.followed({UUID_1: UUID_2, UUID_2: UUID_3})) == {UUID_1: UUID_3, UUID_2: UUID_3}
    assert dict(moves.followed({UUID_1: UUID_2, UUID_2: UUID_1})) == {UUID_1: UUID_2, UUID_2: UUID_1}


@given(st.dictionaries(st.integers(1, 6), st.integers(1, 6)))
def test_whatever_follows_whatever_there_is_an_end(numbers: dict[int, int]) -> None:
    successors = {UUID(int=first): UUID(int=last) for first, last in numbers.items()}
    found = dict(moves.followed(successors))
    assert found.keys() == successors.keys()
    for first, last in found.items():
        reached, here = set(), first
        while here in successors and here not in reached:
            reached.add(here)
            here = successors[here]
        assert last in reached | {here}
        if here not in successors:
            assert last == here
