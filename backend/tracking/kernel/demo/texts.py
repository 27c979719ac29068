"""Titles and descriptions of tasks that read like those of people."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from backend.tracking.kernel.demo import words

T = TypeVar("T")
WITH_EMOJI = 0.06
WITHOUT_DESCRIPTION = 0.25
MAX_SENTENCES = 3


class Weighted(Generic[T]):
    """Choices, of which those of more weight are drawn more often."""

    def __init__(self, choices: Sequence[tuple[float, T]]) -> None:
        self._choices = choices
        self._sums = list(accumulate(weight for weight, _ in choices))

    def __bool__(self) -> bool:
        return bool(self._choices)

    def drawn(self, chance: Random) -> T:
        """One of them."""
        return self._choices[bisect(self._sums, chance.random() * self._sums[-1])][1]


def picked(chance: Random, choices: Sequence[T]) -> T:
    """One of them; all are alike."""
    return choices[int(chance.random() * len(choices))]


def title(chance: Random) -> str:
    """Of a task; a quarter of them is in German."""
    text = TITLES.drawn(chance)(chance)
    return f"{picked(chance, words.EMOJI)} {text}" if chance.random() < WITH_EMOJI else text


def description(chance: Random) -> str:
    """Of a task: up to a few sentences, each in a line."""
    if chance.random() < WITHOUT_DESCRIPTION:
        return ""
    number = 1 + int(chance.random() * MAX_SENTENCES)
    return "\n".join(dict.fromkeys(picked(chance, words.SENTENCES) for _ in range(number)))


def _fixed(chance: Random) -> str:
    return f"Fix {picked(chance, words.FIXED)}{picked(chance, words.WHERE)}"


def _added(chance: Random) -> str:
    return f"Add {picked(chance, words.ADDED)} {picked(chance, words.PLACES)}"


def _hastened(chance: Random) -> str:
    return f"Speed up {picked(chance, words.HASTENED)} {picked(chance, words.MEANS)}"


def _changed(chance: Random) -> str:
    return f"{picked(chance, words.CHANGED)} {picked(chance, words.CHANGES)}"


TITLES = Weighted([(0.4, _fixed), (0.25, _added), (0.1, _hastened), (0.25, _changed)])
