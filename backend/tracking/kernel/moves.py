"""What becomes of records that a complete download did not meet: they are gone, or somewhere else by now."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from upkeep.operations.plans import Change

MOVED = "moved"
"""The state of a task that goes on under another id, or in a project that no tracker of ours reads."""
UNKNOWN = "unknown"
"""Where a task moved that nobody may see there."""


class Absence(Enum):
    """Where a record is that was not met, when it is nowhere else."""

    GONE = "it was deleted"
    HERE = "it is still there"
    HIDDEN = "it was deleted, or moved to where the token may not look"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """It moved."""

    to: str
    """Its id there; where it keeps its id, its code."""
    project: str = ""
    """The name of the project where it has the same id; empty: it has another one."""


Whereabouts = Absence | Elsewhere


@dataclass(frozen=True, slots=True)
class Missed:
    """A stored record that was not met."""

    pk: UUID
    external_id: str
    label: str
    code: str = ""
    url: str = ""
    has_work: bool = False
    """Whether hours are matched with it."""
    heir: UUID | None = None
    """The same record, stored for another tracker."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """State, estimate and end of a task."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """What to write of one: `values`; without any, it is deleted."""

    missed: Missed
    values: Mapping[str, Any] | None = None


def plan(
    missed: Sequence[Missed], whereabouts: Iterable[Whereabouts], *, siblings: Collection[str], now: datetime
) -> list[Change]:
    """One change a record: it is deleted, closed as moved, or left alone.

    Args:
        missed: the records.
        whereabouts: where each of them is.
        siblings: names of projects that other trackers read, which find there what keeps its id; in lower case.
        now: when a task that was open is closed.
    """
    return [_change(each, where, siblings, now) for each, where in zip(missed, whereabouts, strict=True)]


def _change(missed: Missed, where: Whereabouts, siblings: Collection[str], now: datetime) -> Change:
    key, label = missed.external_id, missed.label
    if missed.heir or where is Absence.GONE or (where is Absence.HIDDEN and not missed.has_work):
        return Change("deleted", key, label, payload=Farewell(missed))
    if where is Absence.HERE:
        return Change("skipped", key, label, reason="still_there")
    if isinstance(where, Elsewhere) and where.project.lower() in siblings:
        return Change("skipped", key, label, reason=MOVED)  # its tracker brings it
    return _closed(missed, where.to if isinstance(where, Elsewhere) else UNKNOWN, now)


def _closed(missed: Missed, to: str, now: datetime) -> Change:
    before = missed.values
    after = {"state": MOVED, "moved_to": to, "estimate": None, "closed_at": before["closed_at"] or now}
    changed = {name: value for name, value in after.items() if value != before[name]}
    fields = {name: (_shown(before[name]), _shown(value)) for name, value in changed.items()}
    return Change("updated", missed.external_id, missed.label, fields, payload=Farewell(missed, changed))


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)


def followed(successors: Mapping[UUID, UUID]) -> Iterator[tuple[UUID, UUID]]:
    """Each task that moved, and the one that it is in the end; in a circle, the one before it closes."""
    for first in successors:
        seen, last = {first}, successors[first]
        while last in successors and successors[last] not in seen:
            seen.add(last)
            last = successors[last]
        yield first, last
