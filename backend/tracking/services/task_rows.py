"""Tasks that were downloaded, as rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef

from backend.tracking.kernel.downloads import TASK_COLUMNS, Entry, Stored
from backend.tracking.kernel.names import url_key
from backend.tracking.kernel.records import TaskRecord
from backend.tracking.models import Task, TaskAssignee, Tracker, new_id
from backend.tracking.services import former_names, moves, people
from backend.tracking.services.arrays import array, texts
from backend.tracking.services.upserts import execute, upsert

UPSERT = upsert(
    "tracking_task", (*TASK_COLUMNS, "url_key", "author_id"), "(tracker_id, external_id) WHERE NOT (external_id = '')"
)
LEAVE = """
    UPDATE tracking_taskassignee SET is_current = false
    WHERE is_current AND task_id = ANY(%s::uuid[]) AND (task_id, external_user_id) NOT IN (
        SELECT * FROM unnest(%s::uuid[], %s::uuid[])
    )
"""
ASSIGN = """
    INSERT INTO tracking_taskassignee (id, task_id, external_user_id, known_since, is_current)
    SELECT id, task_id, external_user_id, now(), true
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS new (id, task_id, external_user_id)
    ON CONFLICT (task_id, external_user_id) DO UPDATE SET is_current = true
"""
"""Who was an assignee before keeps the time since when that is known."""


def stored(tracker: Tracker, external_ids: Collection[str], siblings: Sequence[Tracker] = ()) -> dict[str, Stored]:
    """The tasks of those external ids; those of siblings move to the tracker, unless it has them already."""
    assignees = TaskAssignee.objects.filter(task=OuterRef("pk"), is_current=True)
    tasks = (
        Task.objects.filter(tracker__in=[tracker, *siblings], external_id__in=texts(external_ids))
        .exclude(external_id="")  # the words by which PostgreSQL knows that the partial index will do
        .values(
            "pk", "external_id", "tracker", *TASK_COLUMNS,
            "author",
            assigned=ArraySubquery(assignees.values("external_user")),
        )
    )  # fmt: skip
    rows = sorted(tasks, key=lambda row: row["tracker"] == tracker.pk)
    names = {each.pk: each.name for each in siblings}
    persons = people.keys(pk for row in rows for pk in (row["author"], *row["assigned"]) if pk)
    return {row["external_id"]: _stored(row, persons, tracker, names) for row in rows}


def write(tracker: Tracker, entries: Sequence[Entry], known: Mapping[str, UUID]) -> None:
    """Insert and update these tasks; `known` are their people."""
    records = [entry.record for entry in entries if isinstance(entry.record, TaskRecord)]
    former_names.keep(
        (entry.pk, of, kind, text)
        for entry in entries
        if entry.pk
        for kind, text in entry.former.items()
        for of in filter(None, (tracker.pk, entry.left))
    )
    if taken := [entry.pk for entry in entries if entry.pk and entry.left]:
        moves.take_tasks(tracker, taken)
    written = execute(UPSERT, [_row(tracker, entry, known) for entry in entries])
    ids = {external_id: pk for pk, external_id in written}
    assigned = dict.fromkeys(
        (ids[record.external_id], known[person.key]) for record in records for person in record.assignees if person.key
    )
    _assign(assigned, before=[entry.pk for entry in entries if entry.pk])


def _assign(assigned: Collection[tuple[UUID, UUID]], *, before: Sequence[UUID]) -> None:
    """Assign people to tasks, and nobody else to those of them that were there before."""
    tasks, persons = array(task for task, _ in assigned), array(person for _, person in assigned)
    with connection.cursor() as cursor:
        if before:
            cursor.execute(LEAVE, [array(before), tasks, persons])
        if assigned:
            cursor.execute(ASSIGN, [array(new_id() for _ in assigned), tasks, persons])


def _row(tracker: Tracker, entry: Entry, known: Mapping[str, UUID]) -> dict[str, Any]:
    values = dict(entry.values or {})
    del values["assignees"]
    author = known.get(values.pop("author"))
    return {
        "id": entry.pk or new_id(),
        "tracker_id": tracker.pk,
        "external_id": entry.external_id,
        "author_id": author,
        "url_key": url_key(values["url"]),
        **values,
    }


def _stored(
    row: Mapping[str, Any], persons: Mapping[UUID, tuple[str, str]], tracker: Tracker, siblings: Mapping[UUID, str]
) -> Stored:
    author = [persons[row["author"]]] if row["author"] else []
    assignees = [persons[pk] for pk in row["assigned"]]
    keys = {"author": author[0][0] if author else "", "assignees": sorted(key for key, _ in assignees)}
    values, left = {name: row[name] for name in TASK_COLUMNS} | keys, row["tracker"]
    names = dict([*author, *assignees])
    if left == tracker.pk:
        return Stored(row["pk"], values, names)
    return Stored(row["pk"], values, names, left, (siblings[left], tracker.name))
