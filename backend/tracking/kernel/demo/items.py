"""What a demo organization consists of, one item for each thing that a run counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from upkeep.operations.plans import Change


class Row(NamedTuple):
    """Of a table; `columns` by the names of the model's fields, `…_id` where they refer to another row."""

    table: str
    columns: Mapping[str, Any]


class Item(NamedTuple):
    """A thing, and the rows that come and go with it."""

    key: UUID
    label: str
    rows: tuple[Row, ...]


def created(items: Iterable[Item]) -> list[Change]:
    """One change an item."""
    return [Change("created", str(item.key), item.label, payload=item) for item in items]


def unless_there(changes: Sequence[Change], existing: Collection[UUID]) -> Sequence[Change]:
    """What exists already is not created but unchanged."""
    if not existing:
        return changes
    there = {str(key) for key in existing}
    return [Change("unchanged", change.key, change.label) if change.key in there else change for change in changes]
