"""What became of the items: every item is counted in exactly one outcome."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Self

from backend.operations.plans import Action, Change

ACTIONS: tuple[Action, ...] = ("created", "updated", "deleted", "unchanged", "skipped", "failed")
MAX_REASONS = 50
"""Distinct reasons kept; what exceeds them is counted as `other`, so that a run's row stays small."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of items by action, and of those skipped or failed by reason too."""

    actions: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Self:
        """Count a plan."""
        changes = list(changes)
        actions = Counter(map(attrgetter("action"), changes))
        reasons: dict[str, Counter[str]] = {}
        for change in changes if actions["skipped"] or actions["failed"] else ():
            if change.action in ("skipped", "failed"):
                reasons.setdefault(change.action, Counter())[change.reason or "unknown"] += 1
        return cls(actions, reasons)

    @classmethod
    def one(cls, action: Action, number: int, reason: str = "") -> Self:
        """`number` items that all ended alike."""
        return cls({action: number}, {action: {reason: number}} if reason else {})

    def __add__(self, other: "Counts") -> "Counts":
        actions = Counter(self.actions) + Counter(other.actions)
        if not other.reasons:
            return Counts(actions, self.reasons)
        kinds = self.reasons.keys() | other.reasons.keys()
        return Counts(actions, {kind: _merged(self.reasons.get(kind), other.reasons.get(kind)) for kind in kinds})

    def __sub__(self, other: "Counts") -> "Counts":
        actions = Counter(self.actions) - Counter(other.actions)
        reasons = {kind: Counter(found) - Counter(other.reasons.get(kind)) for kind, found in self.reasons.items()}
        return Counts(actions, {kind: left for kind, left in reasons.items() if left})

    def __getitem__(self, action: str) -> int:
        return self.actions.get(action, 0)

    @property
    def processed(self) -> int:
        """All items: the sum of the outcomes."""
        return sum(self.actions.values())

    def restarted(self) -> "Counts":
        """What stays counted when a step without a cursor starts again: what is deleted cannot be met again."""
        return Counts.one("deleted", self["deleted"]) if self["deleted"] else Counts()

    def as_json(self) -> dict[str, int]:
        """`{"processed": …, "created": …, …}` with all actions."""
        return {"processed": self.processed, **{action: self[action] for action in ACTIONS}}

    def dump(self) -> dict[str, Any]:
        """For a run's row."""
        return {"actions": dict(self.actions), "reasons": {kind: dict(found) for kind, found in self.reasons.items()}}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """From a run's row."""
        return cls(dumped.get("actions", {}), dumped.get("reasons", {}))


def _merged(one: Mapping[str, int] | None, two: Mapping[str, int] | None) -> Mapping[str, int]:
    merged = Counter(one or {})
    for reason, number in (two or {}).items():
        merged[reason if reason in merged or len(merged) < MAX_REASONS else "other"] += number
    return merged
