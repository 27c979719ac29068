"""Titles and descriptions of tasks that read like those of people."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, NamedTuple, TypeVar

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


class Title(NamedTuple):
    """Of a task."""

    text: str
    about: str
    """How its description begins."""
    size: int
    """How much work such tasks are, from 0 to 5: tasks of a kind take a typical time, with noise."""


def title(chance: Random) -> Title:
    """Of a task; a quarter of them is in German."""
    made = TITLES.drawn(chance)(chance)
    return made._replace(text=f"{picked(chance, words.EMOJI)} {made.text}") if chance.random() < WITH_EMOJI else made


def description(chance: Random, about: str) -> str:
    """Of a task: what it is about, and up to a few sentences, each in a line."""
    if chance.random() < WITHOUT_DESCRIPTION:
        return ""
    number = 1 + int(chance.random() * MAX_SENTENCES)
    return "\n".join(dict.fromkeys([about, *(picked(chance, words.SENTENCES) for _ in range(number))]))


def _fixed(chance: Random) -> Title:
    fault, size = _subject(chance, words.FIXED, smallest=0)
    return Title(f"Fix {fault}{picked(chance, words.WHERE)}", f"Concerns: {fault}", size)


def _added(chance: Random) -> Title:
    thing, size = _subject(chance, words.ADDED, smallest=3)
    return Title(f"Add {thing} {picked(chance, words.PLACES)}", f"Wanted: {thing}", size)


def _hastened(chance: Random) -> Title:
    slow, size = _subject(chance, words.HASTENED, smallest=4)
    return Title(f"Speed up {slow} {picked(chance, words.MEANS)}", f"Too slow: {slow}", size)


def _changed(chance: Random) -> Title:
    thing, size = _subject(chance, words.CHANGED, smallest=1)
    return Title(f"{thing} {picked(chance, words.CHANGES)}", f"Betrifft: {thing}", size)


def _subject(chance: Random, choices: Sequence[str], *, smallest: int) -> tuple[str, int]:
    """One of them, and the size that all tasks about it have: one of two."""
    place = int(chance.random() * len(choices))
    return choices[place], smallest + place % 2


TITLES = Weighted([(0.4, _fixed), (0.25, _added), (0.1, _hastened), (0.25, _changed)])
