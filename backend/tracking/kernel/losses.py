"""What a matching lost: entries that were matched, and are not, or only by a rule that is tried later."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

GONE = -1
"""The place of a rule that the project has no more."""
MANY = 10
"""Losing more than one of this many is reported."""

Moves = Counter[tuple[int | None, int | None]]
"""How many entries went from one rule to another, by the places of both; None: not matched."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What became of the matches of one rule."""

    rule: int
    """Its place, or GONE."""
    before: int
    after: int
    lost: int


class Losses:
    """What became of the matches that there were before."""

    def __init__(self, after: Counter[int | None], moves: Moves) -> None:
        """From how many entries each rule matches now, and what moved."""
        self._before = Counter(after)
        for (old, new), number in moves.items():
            self._before[old] += number
            self._before[new] -= number
        self._after = after
        self._lost: Counter[int] = Counter()
        for (old, new), number in moves.items():
            if old is not None and (new is None or GONE < old < new):
                self._lost[old] += number

    @property
    def before(self) -> int:
        """How many entries were matched."""
        return self._before.total() - self._before[None]

    @property
    def lost(self) -> int:
        """How many of them are not any more, or by a later rule."""
        return self._lost.total()

    @property
    def are_many(self) -> bool:
        """Whether that is more than a tenth."""
        return self.lost * MANY > self.before

    def of(self, rule: int) -> Loss:
        """What became of those of a rule."""
        return Loss(rule, self._before[rule], self._after[rule], self._lost[rule])

    def __iter__(self) -> Iterator[Loss]:
        """Those that lost any, who lost most first."""
        return (self.of(rule) for rule, _ in self._lost.most_common())
