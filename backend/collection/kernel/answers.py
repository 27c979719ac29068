"""What asking another system gave, as far as a plan has to know."""

from dataclasses import dataclass
from typing import Any

from backend.operations.plans import Change


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer came."""

    reason: str
    """A short code that can be counted, such as `not_found`."""
    detail: str = ""
    """One line for a person, without secrets."""
    answered: bool = True
    """The system did answer, so asking it again soon is pointless."""

    def change(self, key: str, label: str) -> Change:
        """The DVD's change: failed, and noted as asked (an empty payload) if there was an answer at all."""
        noted: dict[str, Any] | None = {} if self.answered else None
        return Change(
            "failed", key, f"{label}: {self.detail}" if self.detail else label, reason=self.reason, payload=noted
        )
