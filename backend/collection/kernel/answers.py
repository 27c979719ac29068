"""The outcome of asking another system, as far as a plan needs it."""

from dataclasses import dataclass

from upkeep.operations.plans import Change

UNAVAILABLE = "unavailable"
"""The reason of a failure without an answer; every other one is an answer, so asking again soon is pointless."""


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer came."""

    reason: str
    """A short code that can be counted, such as `not_found`."""
    detail: str = ""
    """One line for a person, without secrets."""

    def change(self, key: str, label: str) -> Change:
        """The DVD's change: failed; its empty payload notes that it was looked up."""
        return Change(
            "failed", key, f"{label}: {self.detail}" if self.detail else label, reason=self.reason, payload={}
        )
