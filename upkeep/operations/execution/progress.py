"""What a run reports to its watcher, while it runs."""

from collections.abc import Sequence
from typing import Protocol

from upkeep.operations.plans import Change


class Progress(Protocol):
    """Watches one run."""

    def advanced(self, step: str, processed: int, total: int | None) -> None:
        """So many items of the step are done, of `total` if that is known."""

    def changed(self, changes: Sequence[Change]) -> None:
        """These changes are committed, or in a dry run would be."""

    def logged(self, message: str) -> None:
        """A line was added to the run's log."""


class Unwatched:
    """Nobody watches."""

    def advanced(self, step: str, processed: int, total: int | None) -> None:
        """Nothing to do."""

    def changed(self, changes: Sequence[Change]) -> None:
        """Nothing to do."""

    def logged(self, message: str) -> None:
        """Nothing to do."""
