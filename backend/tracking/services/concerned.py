"""Which work entries of a project a few changes concern: some too many, never one too few."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from backend.tracking.kernel.kinds import NameKind
from backend.tracking.kernel.matching import hashes
from backend.tracking.models import EntryMatch, Project, Tracker
from backend.tracking.services.arrays import array
from backend.tracking.services.matching_changes import MAX_NOTES, Changes
from backend.tracking.services.named_tasks import NamedTasks

CALLED = """
    SELECT id FROM tracking_task
    WHERE tracker_id = ANY(%(trackers)s::uuid[]) AND lower(code COLLATE "C") = ANY(%(names)s)
    UNION SELECT id FROM tracking_task
    WHERE tracker_id = ANY(%(trackers)s::uuid[]) AND url_key = ANY(%(names)s) AND url_key <> ''
    UNION SELECT id FROM tracking_task
    WHERE tracker_id = ANY(%(trackers)s::uuid[]) AND external_id = ANY(%(names)s) AND external_id <> ''
    UNION SELECT task_id FROM tracking_formername
    WHERE tracker_id = ANY(%(trackers)s::uuid[]) AND kind = ANY(%(kinds)s) AND key = ANY(%(names)s)
"""
"""The tasks that are or were called so, to which entries may be matched that lead elsewhere by now."""
MOVED = """
    SELECT EXISTS (
        SELECT FROM tracking_task WHERE tracker_id = ANY(%(trackers)s::uuid[]) AND moved_to <> ''
            AND (id = ANY(%(tasks)s::uuid[]) OR moved_to = ANY(%(names)s)))
"""
ENTRIES = """
    SELECT match.entry_id FROM tracking_entrymatch AS match
    WHERE match.missed && %(hashes)s::int[] AND match.missed IS NOT NULL AND match.project_id = %(project)s
    UNION SELECT match.entry_id FROM tracking_entrymatch AS match WHERE match.task_id = ANY(%(tasks)s::uuid[])
    LIMIT %(limit)s
"""


def entries(project: Project, trackers: Sequence[Tracker], changes: Changes) -> set[UUID] | None:
    """The ids of the entries whose match may be another one by now; None when these are too many to be listed."""
    names = NamedTasks(trackers).alternatives(changes.names)
    values: dict[str, Any] = {
        "trackers": array(tracker.pk for tracker in trackers),
        "names": list(names),
        "kinds": [kind.value for kind in NameKind],
    }
    tasks = changes.renamed.union(key for (key,) in _rows(CALLED, values) if names)
    values["tasks"] = array(tasks)
    [(is_moved,)] = _rows(MOVED, values)
    if is_moved:  # any of the tasks in between may lead elsewhere by now
        return None
    values |= {"project": project.pk, "hashes": array(hashes(names)), "limit": MAX_NOTES + 1}
    found = changes.entries.union(key for (key,) in _rows(ENTRIES, values))
    return found if len(found) <= MAX_NOTES else None


def tasks(entries: Collection[UUID]) -> set[UUID]:
    """The tasks that these entries are matched with."""
    return set(EntryMatch.objects.filter(pk__in=entries).exclude(task=None).values_list("task", flat=True))


def _rows(statement: str, values: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
