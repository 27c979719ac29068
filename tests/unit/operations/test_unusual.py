from statistics import median

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from upkeep.operations.unusual import MIN_RUNS, described, unusual, usual_range

numbers = st.integers(0, 100_000)
histories = st.lists(numbers, min_size=MIN_RUNS, max_size=20)


def is_unusual(number: float, history: list[int]) -> bool:
    return bool(unusual({"failed": number}, [{"failed": earlier} for earlier in history]))


@given(number=numbers, history=histories)
def test_a_figure_is_unusual_by_its_modified_z_score(number: int, history: list[int]) -> None:
    centre = median(history)
    deviation = median(abs(earlier - centre) for earlier in history)
    assume(deviation > 0)
    score = 0.6745 * abs(number - centre) / deviation
    assume(abs(score - 3.5) > 0.001)
    assert is_unusual(number, history) is (score > 3.5)


@given(history=histories)
def test_what_half_of_the_runs_are_like_is_usual(history: list[int]) -> None:
    centre = median(history)
    nearer = sorted(history, key=lambda earlier: abs(earlier - centre))[: len(history) // 2]
    assert not any(is_unusual(number, history) for number in nearer)


@given(history=histories, distances=st.tuples(numbers, numbers), side=st.sampled_from([-1, 1]))
def test_what_is_further_away_is_not_more_usual(history: list[int], distances: tuple[int, int], side: int) -> None:
    near, far = (max(0, median(history) + side * distance) for distance in sorted(distances))
    assert is_unusual(far, history) >= is_unusual(near, history)


@given(history=histories, data=st.data())
def test_the_order_of_the_runs_says_nothing(history: list[int], data: st.DataObject) -> None:
    assert usual_range(history) == usual_range(data.draw(st.permutations(history)))


@given(number=numbers, history=st.lists(numbers, max_size=MIN_RUNS - 1))
def test_fewer_than_seven_runs_say_nothing(number: int, history: list[int]) -> None:
    assert not is_unusual(number, history)


@pytest.mark.parametrize(
    ("number", "history", "wanted"),
    [
        (0, [0] * 7, False),
        (1, [0] * 7, False),
        (2, [0] * 7, True),
        (1000, [1000] * 20, False),
        (1100, [1000] * 20, False),
        (1101, [1000] * 20, True),
        (899, [1000] * 20, True),
        (0, [1000] * 20, True),
        (5, [0] * 11 + [5] * 9, True),  # more than half of them were the same
    ],
)
def test_where_a_count_never_varies_a_tenth_of_it_is_usual(number: int, history: list[int], *, wanted: bool) -> None:
    assert is_unusual(number, history) is wanted


def test_a_run_of_moments_is_not_unusual_by_tenths_of_seconds() -> None:
    history = [{"seconds": 0.02 + number / 10_000} for number in range(10)]
    assert not unusual({"seconds": 0.9}, history)
    assert unusual({"seconds": 9.0}, history)


def test_the_figure_is_told_with_its_usual_range() -> None:
    history = [{"failed": number % 3, "seconds": 10 + number / 10} for number in range(9)]
    found = [each.as_json() for each in unusual({"failed": 30, "seconds": 99.123}, history)]
    assert found[0] == {"figure": "failed", "number": 30, "usual": [0, 6]}
    assert described(found) == "unusual: failed 30 (usually 0 to 6), seconds 99.1 (usually 9.4 to 11.4)"
    assert described([]) == ""
