"""What becomes of downloaded records: compared with what is stored, field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from backend.tracking.kernel.kinds import NameKind
from backend.tracking.kernel.names import compared
from backend.tracking.kernel.records import BrokenRecord, Person, Record, TaskRecord, WorkRecord
from upkeep.operations.plans import Change

Values = Mapping[str, Any]
"""What can change, by field: a task's or a work entry's columns; people by their keys."""
TASK_COLUMNS = (
    "code", "title", "description", "url", "state", "created_at", "updated_at", "closed_at", "due_on", "estimate",
    "moved_to",
)  # fmt: skip
WORK_COLUMNS = ("breadcrumb", "text", "started_at", "duration", "external_task")
PEOPLE = ("author", "assignees", "user")
MAX_LABEL = 200
"""Characters of a text that a recorded change shows."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A task or a work entry as it is stored."""

    pk: UUID
    values: Values
    names: Mapping[str, str] = field(default_factory=dict)
    """The usernames of its people, by their keys."""
    left: UUID | None = None
    """The tracker where it is stored, when that is another one: it moved."""
    trackers: tuple[str, str] = ("", "")
    """Then, the names of that tracker and of the one where it is now."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What to write of one record. Without `values` it is noted that there is such a record, and who is named there."""

    external_id: str
    pk: UUID | None = None
    values: Values | None = None
    record: TaskRecord | WorkRecord | None = None
    former: Mapping[NameKind, str] = field(default_factory=dict)
    """The code and the address of a task that has others by now."""
    left: UUID | None = None
    """The tracker that it was stored for, when it is another one's by now."""

    @property
    def people(self) -> tuple[Person, ...]:
        """Whom the record names."""
        return self.record.people if self.record else ()


def values(record: TaskRecord | WorkRecord) -> Values:
    """The record as it is compared and stored."""
    if isinstance(record, TaskRecord):
        people = {
            "author": record.author.key if record.author else "",
            "assignees": sorted({person.key for person in record.assignees}),
        }
        return {name: getattr(record, name) for name in TASK_COLUMNS} | people
    return {name: getattr(record, name) for name in WORK_COLUMNS} | {"user": record.person.key if record.person else ""}


def plan(records: Sequence[Record], stored: Mapping[str, Stored]) -> list[Change]:
    """One change a record; `stored` are those that are there already, by external id.

    Of a record that comes twice the last one counts, and the others are unchanged.
    """
    last = {record.external_id: place for place, record in enumerate(records)}
    return [_change(record, stored, counts=last[record.external_id] == place) for place, record in enumerate(records)]


def _change(record: Record, stored: Mapping[str, Stored], *, counts: bool) -> Change:
    noted = Entry(record.external_id)
    if isinstance(record, BrokenRecord):
        label = f"{record.external_id or 'a record'}: {record.problem}"
        return Change("failed", record.external_id, label, reason="not_understood", payload=noted)
    label = _label(record)
    if isinstance(record, WorkRecord) and record.duration is None:
        return Change("skipped", record.external_id, label, reason="running", payload=noted)
    if not counts:
        return Change("unchanged", record.external_id, label, payload=noted)
    return _compared(record, label, stored.get(record.external_id))


def _compared(record: TaskRecord | WorkRecord, label: str, old: Stored | None) -> Change:
    new = values(record)
    names = {**(old.names if old else {}), **{person.key: person.username for person in record.people}}
    if old is None:
        first = {name: (None, _shown(name, value, names)) for name, value in new.items() if value not in (None, "", [])}
        return Change("created", record.external_id, label, first, payload=Entry(record.external_id, None, new, record))
    changed = [name for name, value in new.items() if value != old.values[name]]
    if not changed and not old.left:
        return Change("unchanged", record.external_id, label, payload=Entry(record.external_id, record=record))
    fields: dict[str, Any] = {
        name: (_shown(name, old.values[name], names), _shown(name, new[name], names)) for name in changed
    }
    former = {kind: old.values[kind] for kind in NameKind if kind in changed and _is_lost(kind, old.values, new)}
    if old.left:
        fields = {"tracker": old.trackers, **fields}
        former = {kind: old.values[kind] for kind in NameKind if kind in old.values}
    entry = Entry(record.external_id, old.pk, new, record, former, old.left)
    return Change("updated", record.external_id, label, fields, payload=entry)


def _is_lost(kind: NameKind, old: Values, new: Values) -> bool:
    """Whether a name is not just written otherwise by now."""
    return compared(kind, old[kind]) not in ("", compared(kind, new[kind]))


def _label(record: TaskRecord | WorkRecord) -> str:
    if isinstance(record, TaskRecord):
        return f"{record.code} {record.title}"[:MAX_LABEL]
    return f"{record.text or record.breadcrumb} ({record.started_at:%Y-%m-%d %H:%M})"[:MAX_LABEL]


def _shown(name: str, value: Any, names: Mapping[str, str]) -> Any:
    """The value of a field as a recorded change shows it: a text, unless JSON knows better; people by their names."""
    if name in PEOPLE:
        return sorted(names.get(key, key) for key in value) if isinstance(value, list) else names.get(value, value)
    if isinstance(value, str):
        return value if len(value) <= MAX_LABEL else f"{value[: MAX_LABEL - 1]}…"
    return value if value is None else str(value)
