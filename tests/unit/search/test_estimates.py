from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.search.kernel import estimates

HOURS = st.floats(0.1, 1_000)
EVIDENCE = st.lists(st.tuples(HOURS, st.floats(0.3, 1)), min_size=3, max_size=20)
SHARE = st.floats(0.01, 0.99)


def hours_of(evidence: list[tuple[float, float]]) -> estimates.Hours:
    found = estimates.estimated(*zip(*evidence, strict=True))
    assert found
    return found


@given(EVIDENCE)
def test_an_estimate_lies_within_what_was_seen_and_its_interval_around_its_median(
    evidence: list[tuple[float, float]],
) -> None:
    found = hours_of(evidence)
    seen = [hours for hours, _ in evidence]
    assert min(seen) <= found.low <= found.median <= found.high <= max(seen)


@given(st.lists(HOURS, min_size=3, max_size=20), st.floats(0.3, 1))
def test_tasks_that_are_equally_similar_give_the_plain_median(hours: list[float], similarity: float) -> None:
    assert hours_of([(each, similarity) for each in hours]).median == pytest.approx(median(hours))


@given(st.lists(st.tuples(HOURS, st.integers(1, 5)), min_size=1, max_size=10), SHARE)
def test_a_weight_is_the_number_of_times_that_a_value_counts(pairs: list[tuple[float, int]], share: float) -> None:
    values, numbers = zip(*pairs, strict=True)
    repeated = [value for value, number in pairs for _ in range(number)]
    assert estimates.quantile(values, numbers, share) == estimates.quantile(repeated, [1] * len(repeated), share)


@given(EVIDENCE, st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_does_not_matter(evidence: list[tuple[float, float]], chance: object) -> None:
    shuffled = evidence.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = hours_of(evidence), hours_of(shuffled)
    assert (first.median, first.low, first.high) == pytest.approx((second.median, second.low, second.high))


@given(EVIDENCE, st.floats(0.01, 100))
def test_an_estimate_in_another_unit_is_the_same(evidence: list[tuple[float, float]], factor: float) -> None:
    other = hours_of([(hours * factor, similarity) for hours, similarity in evidence])
    assert other.median == pytest.approx(hours_of(evidence).median * factor)


@given(EVIDENCE)
def test_weights_add_up_to_one_and_the_more_similar_weighs_more(evidence: list[tuple[float, float]]) -> None:
    similarities = sorted(similarity for _, similarity in evidence)
    found = estimates.weights(similarities)
    assert sum(found) == pytest.approx(1)
    assert found == sorted(found)


def test_a_task_that_is_nearly_the_same_outweighs_those_that_are_hardly_similar() -> None:
    assert hours_of([(40, 0.95), (2, 0.35), (3, 0.4), (1, 0.31)]).median == 40


def test_too_few_tasks_give_no_estimate() -> None:
    assert estimates.estimated([8, 8], [0.9, 0.9]) is None
    with pytest.raises(ValueError, match="no value has a weight"):
        estimates.quantile([1, 2], [0, 0], 0.5)


def test_a_backtest_compares_with_the_plain_median() -> None:
    found = estimates.backtest([10, 20, 40], [11, 20, 20], [20, 20, 20])
    assert found == {"median_relative_error": 0.1, "of_a_plain_median": 0.5, "tasks": 3}
