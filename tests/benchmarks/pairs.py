"""Ours beside another way, in turns, so that both see the same machine."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Seconds of each round."""

    rounds: tuple[tuple[float, float], ...]

    @property
    def ours(self) -> float:
        """The median of ours."""
        return median(ours for ours, _ in self.rounds)

    @property
    def other(self) -> float:
        """The median of the other."""
        return median(other for _, other in self.rounds)

    @property
    def slower(self) -> float:
        """How many times as long ours takes: the median over the rounds."""
        return median(ours / other for ours, other in self.rounds)

    @property
    def faster(self) -> float:
        """How many times as long the other takes: the median over the rounds."""
        return median(other / ours for ours, other in self.rounds)


def measured(rounds: int, ours: Callable[[], float], other: Callable[[], float]) -> Pairs:
    """Let each tell its own seconds, `rounds` times; who goes first changes every time."""
    found = []
    for number in range(rounds):
        if number % 2:
            second = other()
            found.append((ours(), second))
        else:
            found.append((ours(), other()))
    return Pairs(tuple(found))


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def seconds_of_each(work: Callable[[T], object], items: Iterable[T]) -> float:
    """How long it takes for all of the items, and to get them."""
    started = perf_counter()
    for item in items:
        work(item)
    return perf_counter() - started
