"""Which figures of a run are unlike those of the runs before it."""

from collections.abc import Mapping, Sequence
from math import ceil, floor
from statistics import NormalDist, median
from typing import Any, NamedTuple

MAX_RUNS = 20
"""A run is compared with this many before it."""
MIN_RUNS = 7
"""Fewer say nothing: the eighth run is the first that is judged."""
MAX_SCORE = 3.5
QUARTILE = NormalDist().inv_cdf(0.75)
"""The median absolute deviation (MAD) of a normal distribution is this share, 0.6745, of its standard deviation."""
SMALLEST = 1.0
"""Items or seconds: a difference of no more is never unusual."""


class Unusual(NamedTuple):
    """A figure outside of its usual range, which includes both ends."""

    figure: str
    number: float
    low: float
    high: float

    def as_json(self) -> dict[str, Any]:
        """As a run's row keeps it: `{"figure": "failed", "number": 30, "usual": [0, 3]}`."""
        return {"figure": self.figure, "number": self.number, "usual": [self.low, self.high]}


def unusual(figures: Mapping[str, float], history: Sequence[Mapping[str, float]]) -> list[Unusual]:
    """Those of a run's figures that are unlike the same ones of the runs before it."""
    if len(history) < MIN_RUNS:
        return []
    found = []
    for name, number in figures.items():
        low, high = usual_range([earlier[name] for earlier in history])
        if not low <= number <= high:
            found.append(_rounded(name, number, low, high))
    return found


def usual_range(values: Sequence[float]) -> tuple[float, float]:
    """From where to where the modified z-score is at most 3.5; figures are never below zero.

    The score is 0.6745 · |x - median| / MAD (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993;
    NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.17). Where more than half of the values are the same, MAD is
    zero and every other value would be infinitely far away: there, a tenth of the median to each side is usual.
    """
    centre = median(values)
    deviation = median(abs(value - centre) for value in values)
    reach = MAX_SCORE * deviation / QUARTILE if deviation else centre / 10
    reach = max(reach, SMALLEST)
    return max(0.0, centre - reach), centre + reach


def described(found: Sequence[Mapping[str, Any]]) -> str:
    """For people: `unusual: failed 30 (usually 0 to 3)`; empty when nothing is."""
    texts = [f"{each['figure']} {each['number']:,} (usually {_between(*each['usual'])})" for each in found]
    return f"unusual: {', '.join(texts)}" if texts else ""


def _between(low: float, high: float) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _rounded(name: str, number: float, low: float, high: float) -> Unusual:
    """Whole numbers of items, tenths of seconds."""
    if name == "seconds":
        return Unusual(name, round(number, 1), ceil(low * 10) / 10, floor(high * 10) / 10)
    return Unusual(name, number, ceil(low), floor(high))
