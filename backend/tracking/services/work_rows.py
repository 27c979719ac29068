"""Work entries that were downloaded, as rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from backend.tracking.kernel.downloads import WORK_COLUMNS, Entry, Stored
from backend.tracking.models import Tracker, WorkEntry, new_id
from backend.tracking.services import people
from backend.tracking.services.arrays import texts
from backend.tracking.services.upserts import execute, upsert

UPSERT = upsert("tracking_workentry", (*WORK_COLUMNS, "external_user_id"), "(tracker_id, external_id)")


def stored(tracker: Tracker, external_ids: Collection[str], siblings: Sequence[Tracker] = ()) -> dict[str, Stored]:
    """The work entries of those external ids; those of siblings move to the tracker, unless it has them already."""
    entries = WorkEntry.objects.filter(tracker__in=[tracker, *siblings], external_id__in=texts(external_ids))
    found = entries.values("pk", "external_id", "tracker", *WORK_COLUMNS, "external_user")
    rows = sorted(found, key=lambda row: row["tracker"] == tracker.pk)
    names = {each.pk: each.name for each in siblings}
    persons = people.keys(row["external_user"] for row in rows if row["external_user"])
    return {row["external_id"]: _stored(row, persons, tracker, names) for row in rows}


def write(tracker: Tracker, entries: Sequence[Entry], known: Mapping[str, UUID]) -> None:
    """Insert and update these work entries; `known` are their people."""
    if taken := [entry.pk for entry in entries if entry.pk and entry.left]:
        WorkEntry.objects.filter(pk__in=taken).update(tracker=tracker)
    execute(UPSERT, [_row(tracker, entry, known) for entry in entries])


def _row(tracker: Tracker, entry: Entry, known: Mapping[str, UUID]) -> dict[str, Any]:
    values = dict(entry.values or {})
    return {
        "id": entry.pk or new_id(),
        "tracker_id": tracker.pk,
        "external_id": entry.external_id,
        "external_user_id": known.get(values.pop("user")),
        **values,
    }


def _stored(
    row: Mapping[str, Any], persons: Mapping[UUID, tuple[str, str]], tracker: Tracker, siblings: Mapping[UUID, str]
) -> Stored:
    person = [persons[row["external_user"]]] if row["external_user"] else []
    values = {name: row[name] for name in WORK_COLUMNS} | {"user": person[0][0] if person else ""}
    left = row["tracker"]
    if left == tracker.pk:
        return Stored(row["pk"], values, dict(person))
    return Stored(row["pk"], values, dict(person), left, (siblings[left], tracker.name))
