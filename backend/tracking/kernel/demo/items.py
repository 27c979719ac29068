"""What a demo organization consists of, one item for each thing that a run counts."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from backend.operations.plans import Change


class Row(NamedTuple):
    """Of a table; `columns` by the names of the model's fields, `…_id` where they refer to another row."""

    table: str
    columns: Mapping[str, Any]


class Item(NamedTuple):
    """A thing, and the rows that come and go with it."""

    key: UUID
    label: str
    rows: tuple[Row, ...]


def plan(items: Iterable[Item], existing: Collection[UUID]) -> list[Change]:
    """One change an item: created, unless it is there."""
    return [
        Change("unchanged", str(item.key), item.label)
        if item.key in existing
        else Change("created", str(item.key), item.label, payload=item)
        for item in items
    ]
