from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.kernel.losses import GONE, Losses, Moves

RULES = 3
places = st.none() | st.integers(GONE, RULES - 1)
found = st.none() | st.integers(0, RULES - 1)


@given(st.lists(st.tuples(places, found), max_size=40))
def test_what_was_there_before_follows_from_what_is_there_and_what_moved(
    entries: list[tuple[int | None, int | None]],
) -> None:
    after: Counter[int | None] = Counter(new for _, new in entries)
    moves: Moves = Counter((old, new) for old, new in entries if old != new)
    losses = Losses(after, moves)
    assert losses.before == sum(old is not None for old, _ in entries)
    for rule in range(GONE, RULES):
        told = losses.of(rule)
        assert told.before == sum(old == rule for old, _ in entries)
        assert told.after == sum(new == rule for _, new in entries)
        assert told.lost == sum(old == rule and (new is None or GONE < rule < new) for old, new in entries)
    assert losses.lost == sum(loss.lost for loss in losses)
    assert losses.are_many == (losses.lost * 10 > losses.before)
