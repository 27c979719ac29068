"""Demo organizations in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connection, models
from django.db.models import Value
from django.db.models.functions import Lower

from backend.tracking.kernel.demo.items import Item, Row
from backend.tracking.kernel.demo.structure import Structure
from backend.tracking.kernel.demo.work import WorkRow
from backend.tracking.models import (
    ExternalUser,
    Organization,
    OrganizationProfile,
    Project,
    Task,
    TaskAssignee,
    Tracker,
    UserMapping,
    WorkEntry,
    WorkMatch,
)
from backend.tracking.services.people import map_users
from upkeep.operations.plans import Change

MODELS: Mapping[str, type[models.Model]] = {
    "organization": Organization,
    "user_mapping": UserMapping,
    "profile": OrganizationProfile,
    "project": Project,
    "tracker": Tracker,
    "external_user": ExternalUser,
    "task": Task,
    "assignee": TaskAssignee,
    "rule": WorkMatch,
}
"""By what the kernel calls their rows; those that others refer to come first."""
COUNTED = (Organization, OrganizationProfile, Project, Tracker, Task, WorkMatch)
COPY = f"COPY tracking_workentry ({', '.join(WorkRow._fields)}) FROM STDIN WITH (FORMAT BINARY)"
TYPES = ("uuid", "uuid", "text", "uuid", "text", "text", "timestamptz", "interval", "text")


class TakenCodeError(Exception):
    """There is an organization of that code, and it is not the demo that was asked for."""


def check_code(code: str, structure: Structure) -> None:
    """Raise TakenCodeError when an organization has that code which is not this demo."""
    if Organization.objects.filter(code=code).exclude(pk=structure.key).exists():
        raise TakenCodeError(
            f"there is an organization {code!r} already, which is not a demo with these options: "
            f"remove it with `remove_organization {code}`, or choose another --code"
        )


def existing_items(changes: Iterable[Change]) -> set[UUID]:
    """The keys of those that are there."""
    keys = [change.payload.key for change in changes]
    found = [model.objects.filter(pk__in=keys).values_list("pk", flat=True) for model in COUNTED]
    return {key for keys_of_kind in found for key in keys_of_kind}


def write_items(changes: Sequence[Change]) -> None:
    """Insert the rows of new items."""
    items: list[Item] = [change.payload for change in changes]
    rows = [row for item in items for row in item.rows]
    users = _users(row.columns for row in rows if row.table == "user")
    for table, model in MODELS.items():
        columns = [_resolved(row, users) for row in rows if row.table == table]
        model._default_manager.bulk_create([model(**values) for values in columns], batch_size=1000)  # noqa: SLF001


def write_structure(changes: Sequence[Change]) -> None:
    """`write_items`, and find out who the external users are."""
    write_items(changes)
    tracker = Tracker.objects.filter(pk__in=[change.key for change in changes])
    for organization in Organization.objects.filter(projects__trackers__in=tracker).distinct():
        map_users(organization)


def existing_work(changes: Sequence[Change]) -> set[UUID]:
    """The keys of those entries that are there."""
    if not changes:
        return set()
    rows: list[WorkRow] = [change.payload for change in changes]
    # By their numbers, which follow each other: between two keys there may be another organization's entries.
    found = WorkEntry.objects.filter(
        tracker__in={row.tracker_id for row in rows}, external_id__range=(rows[0].external_id, rows[-1].external_id)
    )
    return set(found.values_list("pk", flat=True))


def write_work(changes: Sequence[Change]) -> None:
    """Insert new entries."""
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(TYPES)
        for change in changes:
            copy.write_row(change.payload)


def _users(wanted: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Our users by their names in lower case; who is not there is created, and cannot sign in."""
    named = {columns["username"]: columns for columns in wanted}
    found = _users_of(named)
    absent = [columns for name, columns in named.items() if name not in found]
    model = get_user_model()
    model.objects.bulk_create(model(**columns, password=make_password(None)) for columns in absent)
    return _users_of(named) if absent else found


def _users_of(usernames: Collection[str]) -> dict[str, Any]:
    lowered = [Lower(Value(name)) for name in usernames]
    users = get_user_model().objects.alias(lowered=Lower("username")).filter(lowered__in=lowered)
    return {user.get_username().lower(): user for user in users}


def _resolved(row: Row, users: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(row.columns)
    username = columns.pop("user__username", None)
    return columns if username is None else {**columns, "user": users[username]}
