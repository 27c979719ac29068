"""What is stored of an organization, as the items that its configuration file would declare."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import Count
from pydantic import SecretStr

from backend.tracking.kernel.configuration.items import Item, Key, Kind, Value, rules
from backend.tracking.models import IdentifiedModel, Task, Tracker, WorkEntry
from backend.tracking.services.tables import SECRETS, TABLES
from backend.tracking.tokens import UnreadableTokenError


@dataclass(slots=True)
class StoredItems:
    """The items with their primary keys; each comes before what is in it."""

    items: dict[Key, Item] = field(default_factory=dict)
    ids: dict[Key, UUID] = field(default_factory=dict)
    stale: set[Key] = field(default_factory=set)
    """Trackers whose token was encrypted with an older key."""
    begun: set[Key] = field(default_factory=set)
    """Trackers from which something was downloaded."""

    @classmethod
    def of(cls, code: str) -> "StoredItems":
        """Those of the organization of that code, if there is one."""
        stored = cls()
        for kind in Kind:
            for row, item in stored._read(kind, code):
                stored.items[item.key] = item
                stored.ids[item.key] = row.pk
                if isinstance(row, Tracker):
                    stored._note(row, item.key)
        return stored

    def contents(self, keys: Iterable[Key]) -> dict[Key, str]:
        """What those of the keys that are trackers hold beside items, in words."""
        trackers = {self.ids[key]: key for key in keys if key[-1][0] is Kind.TRACKER}
        tasks = _numbers(Task.objects.exclude(external_id="").filter(tracker__in=trackers))
        entries = _numbers(WorkEntry.objects.filter(tracker__in=trackers))
        return {
            key: f"{tasks.get(pk, 0):,} downloaded tasks and {entries.get(pk, 0):,} work entries"
            for pk, key in trackers.items()
        }

    def _read(self, kind: Kind, code: str) -> Iterator[tuple[IdentifiedModel, Item]]:
        table = TABLES[kind]
        if not table.parent:
            return ((row, Item(((kind, code),), _fields(row, kind))) for row in table.rows.filter(code=code))
        parents = {pk: key for key, pk in self.ids.items() if key[-1][0] == table.parent}
        rows = table.rows.filter(**{f"{table.parent}__in": parents})
        if kind is Kind.PROFILE:
            rows = rows.select_related("user")
        children: dict[Key, list[Any]] = {key: [] for key in parents.values()}
        for row in rows:
            children[parents[getattr(row, f"{table.parent}_id")]].append(row)
        found = (zip(rows, _items(kind, key, rows), strict=True) for key, rows in children.items())
        return chain.from_iterable(found)

    def _note(self, tracker: Tracker, key: Key) -> None:
        if tracker.has_stale_secret:
            self.stale.add(key)
        if tracker.position:
            self.begun.add(key)


def _items(kind: Kind, parent: Key, rows: Collection[Any]) -> Iterator[Item]:
    if kind is Kind.RULE:
        yield from rules(parent, [_fields(row, kind) for row in rows])
    else:
        name = attrgetter(TABLES[kind].name.replace("__", "."))
        yield from (Item((*parent, (kind, name(row))), _fields(row, kind)) for row in rows)


def _fields(row: Any, kind: Kind) -> dict[str, Value]:
    fields: dict[str, Value] = {name: getattr(row, column) for name, column in TABLES[kind].columns.items()}
    if isinstance(row, Tracker):
        fields |= {name: _secret(row, name, column) for name, column in SECRETS.items()}
    return fields


def _secret(tracker: Tracker, name: str, column: str) -> SecretStr:
    try:
        secret: SecretStr = getattr(tracker, name)
    except UnreadableTokenError:
        return SecretStr(getattr(tracker, column))  # something that nobody declares
    return secret


def _numbers(rows: Any) -> dict[UUID, int]:
    return dict(rows.order_by().values_list("tracker").annotate(number=Count("pk")))
