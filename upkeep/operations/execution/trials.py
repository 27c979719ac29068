"""Refusals that are believed only of a system that has answered something else, too."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from upkeep.operations.counts import Counts
from upkeep.operations.errors import OperationError
from upkeep.operations.execution.paging import Page
from upkeep.operations.plans import Change


@dataclass(frozen=True, slots=True)
class Trial:
    """While all that a step was answered is refusals, as from a wrong address, its batches are not committed.

    They are committed with the first batch that has something else in it; or at the end of the step when they hold
    fewer than `least` refusals. Else the step ends with an OperationError, and a resumption begins with them again.
    """

    refusals: Collection[str]
    """The reasons of failed changes that are refusals."""
    advice: str
    """What a person is to check when there is nothing but refusals; without secrets."""
    silence: Collection[str] = ("unavailable",)
    """The reasons of failed changes that are no answer at all."""
    least: int = 5
    lookup: Callable[[Any], Hashable] = id
    """What is the same for items that are looked up together, and count as one refusal."""

    def is_over(self, counts: Counts) -> bool:
        """Whether these outcomes hold something that is neither a refusal nor silence."""
        failed = counts.reasons.get("failed", {})
        return counts.processed > sum(failed.get(reason, 0) for reason in {*self.refusals, *self.silence})

    def judge(self, items: Sequence[Any], changes: Sequence[Change]) -> None:
        """Raise OperationError when all there is about these items, at the end, is too many refusals."""
        paired = zip(items, changes, strict=True)
        if len({self.lookup(item) for item, change in paired if change.reason in self.refusals}) >= self.least:
            reasons = Counter(change.reason for change in changes)
            numbers = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
            raise OperationError(f"all {len(changes)} lookups failed ({numbers}), so nothing was noted: {self.advice}")


class Hearing:
    """A step's trial while it lasts: what was held back, and the items that it is about."""

    def __init__(self, trial: Trial | None = None) -> None:
        self._trial = trial
        self._held: list[Change] = []
        self._commit: Callable[[Sequence[Change]], None] | None = None
        self.items: list[Any] = []

    @property
    def is_over(self) -> bool:
        """Whether what batches say is believed."""
        return self._trial is None

    def believed(
        self, page: Page[Any], changes: Sequence[Change], commit: Callable[[Sequence[Change]], None]
    ) -> Sequence[Change] | None:
        """Return what a batch is to commit: its changes after those that were held back. None: it is held back, too.

        `commit` commits other changes as the batch of this page.
        """
        if self._trial is None:
            return changes
        self._held += changes
        if self._trial.is_over(Counts.of(changes)):
            self._trial = None
            return self._held
        self.items += page.items
        self._commit = commit
        return None

    def end(self) -> None:
        """Commit what was held back to the end of the step. Raises OperationError when it is not to be believed."""
        if self._trial and self._commit:
            self._trial.judge(self.items, self._held)
            self._trial = None
            self._commit(self._held)
