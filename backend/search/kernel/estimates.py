"""What a task will take, by what similar ones took."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MIN_EVIDENCE = 3
"""Tasks that an estimate rests on."""
MIN_SIMILARITY = 0.3
"""Below it two tasks have nothing in common; unrelated ones reach about 0.2."""
SHARPNESS = 4
"""The power of a similarity that is its weight: a task that is 0.8 similar counts as much as ten that are 0.45."""
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
"""Shares of the weight below the ends and the middle of an 80 % interval."""


@dataclass(frozen=True, slots=True)
class Hours:
    """An estimate."""

    median: float
    low: float
    """The task takes less in one of ten cases."""
    high: float
    """The task takes more in one of ten cases."""


def weights(similarities: Sequence[float]) -> list[float]:
    """How much each similar task counts; together 1."""
    powers = [max(similarity, 0.0) ** SHARPNESS for similarity in similarities]
    total = sum(powers)
    return [power / total if total else 1 / len(powers) for power in powers]


def estimated(hours: Sequence[float], similarities: Sequence[float]) -> Hours | None:
    """The estimate from the hours that similar tasks took; None when they are fewer than MIN_EVIDENCE."""
    if len(hours) < MIN_EVIDENCE:
        return None
    shares = weights(similarities)
    return Hours(*(quantile(hours, shares, share) for share in (MIDDLE, LOW, HIGH)))


def quantile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    """The value below which this share of the weight lies; the middle of two when it is exactly between them.

    Raises:
        ValueError: no value has a weight.
    """
    pairs = sorted((value, weight) for value, weight in zip(values, weights, strict=True) if weight > 0)
    if not pairs:
        raise ValueError("no value has a weight")
    wanted = share * sum(weight for _, weight in pairs)
    slack = 1e-9 * wanted  # sums of floats are not exact
    below = 0.0
    for place, (value, weight) in enumerate(pairs):
        below += weight
        if below > wanted + slack:
            return value
        if below >= wanted - slack and place + 1 < len(pairs):
            return (value + pairs[place + 1][0]) / 2
    return pairs[-1][0]


def backtest(actual: Sequence[float], estimates: Sequence[float], plain: Sequence[float]) -> dict[str, float]:
    """How far estimates were off, and how far a plain median would have been: medians of relative errors.

    Args:
        actual: hours that each task took, above 0.
        estimates: what was estimated for it, without knowing it.
        plain: the median of the hours of all other tasks.
    """
    return {
        "median_relative_error": _median_error(actual, estimates),
        "of_a_plain_median": _median_error(actual, plain),
        "tasks": len(actual),
    }


def _median_error(actual: Sequence[float], estimates: Sequence[float]) -> float:
    return round(median(abs(guess - hours) / hours for hours, guess in zip(actual, estimates, strict=True)), 3)
