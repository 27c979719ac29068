"""What became of the items: every item is counted in exactly one outcome."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Self, TypeAlias

from upkeep.operations.plans import ACTIONS, Action, Change

MAX_REASONS = 50
"""Distinct reasons kept, so that a run's row stays small; what exceeds them is counted as `other`."""
OTHER = "other"
Tally: TypeAlias = Callable[[Change], Mapping[str, int]]
"""What one item adds to the figures that an operation keeps beside the counts: `{"bytes": 1_000}`."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of items by action, and of those skipped or failed by reason too."""

    actions: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    tallies: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """An operation's own figures, by the action of the items that they are of; empty when they are of a whole batch."""

    @classmethod
    def of(cls, changes: Iterable[Change], tally: Tally | None = None) -> Self:
        """Count a plan, and what its items add to the operation's own figures."""
        changes = list(changes)
        actions = Counter(map(attrgetter("action"), changes))
        reasons: dict[str, Counter[str]] = {}
        for change in changes if actions["skipped"] or actions["failed"] else ():
            if change.action in ("skipped", "failed"):
                reasons.setdefault(change.action, Counter())[change.reason or "unknown"] += 1
        return cls(actions, reasons, _tallied(changes, tally) if tally else {})

    @classmethod
    def one(cls, action: Action, number: int, reason: str = "") -> Self:
        """`number` items that all ended alike."""
        return cls({action: number}, {action: {reason: number}} if reason else {})

    def __add__(self, other: "Counts") -> "Counts":
        actions = Counter(self.actions) + Counter(other.actions)
        tallies = self.tallies
        if other.tallies:
            kinds = self.tallies.keys() | other.tallies.keys()
            tallies = {kind: _sum(self.tallies.get(kind, {}), other.tallies.get(kind, {})) for kind in kinds}
        if not other.reasons:
            return Counts(actions, self.reasons, tallies)
        kinds = self.reasons.keys() | other.reasons.keys()
        reasons = {kind: _merged(self.reasons.get(kind), other.reasons.get(kind)) for kind in kinds}
        return Counts(actions, reasons, tallies)

    def __sub__(self, other: "Counts") -> "Counts":
        actions = Counter(self.actions) - Counter(other.actions)
        reasons = {kind: Counter(found) - Counter(other.reasons.get(kind)) for kind, found in self.reasons.items()}
        return Counts(actions, {kind: left for kind, left in reasons.items() if left}, self.tallies)

    def __getitem__(self, action: str) -> int:
        return self.actions.get(action, 0)

    @property
    def processed(self) -> int:
        """All items: the sum of the outcomes."""
        return sum(self.actions.values())

    @property
    def changes(self) -> int:
        """The created, the updated and the deleted."""
        return self["created"] + self["updated"] + self["deleted"]

    @property
    def worth_recording(self) -> int:
        """All items but the unchanged."""
        return self.processed - self["unchanged"]

    @property
    def tally(self) -> Mapping[str, int]:
        """The operation's own figures."""
        return _sum(*self.tallies.values())

    def restarted(self) -> "Counts":
        """What stays counted when a step without a cursor starts again: what is deleted cannot be met again."""
        if not self["deleted"]:
            return Counts()
        return Counts({"deleted": self["deleted"]}, {}, {"deleted": self.tallies.get("deleted", {})})

    def as_json(self) -> dict[str, int]:
        """`{"processed": …, "created": …, …}` with all actions."""
        return {"processed": self.processed, **{action: self[action] for action in ACTIONS}}

    def dump(self) -> dict[str, Any]:
        """For a run's row."""
        nested = {"reasons": self.reasons, "tallies": self.tallies}
        return {
            "actions": dict(self.actions),
            **{name: {kind: dict(found) for kind, found in kinds.items()} for name, kinds in nested.items()},
        }

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Self:
        """From a run's row."""
        return cls(dumped.get("actions", {}), dumped.get("reasons", {}), dumped.get("tallies", {}))


def _merged(one: Mapping[str, int] | None, two: Mapping[str, int] | None) -> Mapping[str, int]:
    merged = Counter(one or {})
    for reason, number in (two or {}).items():
        has_room = len(merged.keys() - {OTHER}) < MAX_REASONS  # in whatever order the database keeps them
        merged[reason if reason in merged or has_room else OTHER] += number
    return merged


def _tallied(changes: Iterable[Change], tally: Tally) -> Mapping[str, Mapping[str, int]]:
    tallies: dict[str, dict[str, int]] = {}
    for change in changes:
        for name, number in tally(change).items():
            figures = tallies.setdefault(change.action, {})
            figures[name] = figures.get(name, 0) + number
    return tallies


def _sum(*tallies: Mapping[str, int]) -> Mapping[str, int]:
    """Unlike that of counters, figures below zero included."""
    figures: dict[str, int] = {}
    for tally in tallies:
        for name, number in tally.items():
            figures[name] = figures.get(name, 0) + number
    return figures


Outcomes: TypeAlias = tuple[Sequence[Change], Counts]
"""What became of a batch's items: the changes worth recording, and the counts of all."""
