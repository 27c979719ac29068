"""Making an organization what its configuration says."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from django.db import IntegrityError

from backend.tracking.kernel.configuration import declared, report, schema
from backend.tracking.kernel.configuration.items import Item, Key, Kind
from backend.tracking.kernel.configuration.plan import Edit, Plan, Stored, plan
from backend.tracking.models import Tracker, WorkEntry
from backend.tracking.services.people import users_named
from backend.tracking.services.stored_items import StoredItems
from backend.tracking.services.tables import SECRETS, TABLES
from upkeep.operations.plans import Change


class Update:
    """One configuration, compared with what is stored now."""

    def __init__(self, configuration: schema.Organization, *, prune: bool) -> None:
        named = declared.usernames(configuration)
        users = users_named(named)
        spellings = {user.get_username().lower(): user.get_username() for user in users}
        stored = StoredItems.of(configuration.code)
        items = list(declared.items(configuration, spellings))
        self._ids: dict[Key, Any] = dict(stored.ids)
        self._user_ids = {user.get_username(): user.pk for user in users}
        self._absent = {name: places for name, places in named.items() if name.lower() not in spellings}
        self._configuration = configuration
        self.plan: Plan = plan(
            items,
            Stored(
                items=stored.items,
                usernames=spellings.values(),
                stale=stored.stale,
                begun=stored.begun,
                contents=stored.contents(stored.items.keys() - {item.key for item in items}) if prune else {},
            ),
            prune=prune,
        )

    def warnings(self) -> Iterator[str]:
        """What whoever wrote the file should know."""
        yield from declared.warnings(self._configuration)
        yield from report.notes(self.plan)
        if self._absent:
            yield report.absent_users(self._absent, self._configuration.code)

    def write(self, changes: Sequence[Change]) -> None:
        """Carry all of them out. Raises IntegrityError where a row was deleted in the meantime."""
        edits: list[tuple[str, Edit]] = [(change.action, change.payload) for change in changes]
        for kind in reversed(Kind):
            self._delete(kind, [edit for action, edit in edits if action == "deleted" and edit.item.kind is kind])
        for kind in Kind:
            self._create(kind, [edit.item for action, edit in edits if action == "created" and edit.item.kind is kind])
            found = [edit for action, edit in edits if action in ("updated", "unchanged") and edit.item.kind is kind]
            self._update(kind, found)

    def _delete(self, kind: Kind, edits: Sequence[Edit]) -> None:
        gone = [self._ids[edit.item.key] for edit in edits]
        if gone and kind is Kind.TRACKER:
            list(Tracker.objects.select_for_update().filter(pk__in=gone))  # nobody can add to it from here on
            WorkEntry.objects.filter(tracker__in=gone).delete()
        if gone:
            TABLES[kind].model.objects.filter(pk__in=gone).delete()

    def _create(self, kind: Kind, items: Sequence[Item]) -> None:
        model = TABLES[kind].model
        rows = [model(**self._identity(item), **_values(item, item.fields)) for item in items]
        for item, row in zip(items, rows, strict=True):
            self._ids[item.key] = row.pk
        model.objects.bulk_create(rows)

    def _identity(self, item: Item) -> dict[str, Any]:
        table = TABLES[item.kind]
        identity: dict[str, Any] = {f"{table.parent}_id": self._ids[item.key[:-1]]} if table.parent else {}
        if item.kind is Kind.PROFILE:
            identity["user_id"] = self._user_ids[item.name]
        elif table.name:
            identity[table.name] = item.name
        return identity

    def _update(self, kind: Kind, edits: Sequence[Edit]) -> None:
        model = TABLES[kind].model
        for columns, group in groupby(sorted(edits, key=_columns), key=_columns):
            rows = [model(pk=self._ids[edit.item.key], **_values(edit.item, edit.names)) for edit in group]
            if model.objects.bulk_update(rows, columns) < len(rows):
                raise IntegrityError(f"a {kind} was deleted in the meantime")


def _columns(edit: Edit) -> list[str]:
    """Those to write: no others, since somebody else may have changed them."""
    columns = [TABLES[edit.item.kind].columns[name] for name in edit.names]
    return sorted([*columns, "position"] if edit.starts_again else columns)


def _values(item: Item, names: Iterable[str]) -> dict[str, Any]:
    columns = TABLES[item.kind].columns
    values = {columns[name]: item.fields[name] for name in names}
    for attribute, column in SECRETS.items():
        if column in values:
            values[attribute] = values.pop(column)  # which encrypts it
    return values
