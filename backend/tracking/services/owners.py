"""Who owns each task of a project: computed in the database by ranges of tasks, and written where it changes."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection

from backend.tracking.models import Project
from backend.tracking.services.arrays import array
from backend.tracking.services.matching_changes import UNNOTED
from upkeep.operations.plans import Change

TASKS = 20_000
"""A range: large enough that the work entries are read a few times, not for each task."""

RANGE = """
    SELECT max(id::text) FROM (
        SELECT task.id FROM tracking_task AS task JOIN tracking_tracker AS tracker ON tracker.id = task.tracker_id
        WHERE tracker.project_id = %(project)s AND (%(after)s::uuid IS NULL OR task.id > %(after)s::uuid)
            AND (%(only)s::uuid[] IS NULL OR task.id = ANY(%(only)s::uuid[]))
        ORDER BY task.id LIMIT %(number)s) AS tasks
"""
CHANGES = """
    WITH asked AS MATERIALIZED (
        SELECT task.id, task.code, task.title, task.owner_id, task.estimate, task.author_id
        FROM tracking_task AS task JOIN tracking_tracker AS tracker ON tracker.id = task.tracker_id
        WHERE tracker.project_id = %(project)s
            AND (%(after)s::uuid IS NULL OR task.id > %(after)s::uuid) AND task.id <= %(last)s::uuid
            AND (%(only)s::uuid[] IS NULL OR task.id = ANY(%(only)s::uuid[]))
    ), contributor AS (
        SELECT DISTINCT ON (task_id) task_id, user_id FROM (
            SELECT match.task_id, person.user_id, sum(entry.duration) AS worked, min(entry.started_at) AS since
            FROM tracking_entrymatch AS match JOIN tracking_workentry AS entry ON entry.id = match.entry_id
                JOIN tracking_externaluser AS person ON person.id = entry.external_user_id
            WHERE (%(after)s::uuid IS NULL OR match.task_id > %(after)s::uuid) AND match.task_id <= %(last)s::uuid
                AND (%(only)s::uuid[] IS NULL OR match.task_id = ANY(%(only)s::uuid[])) AND person.user_id IS NOT NULL
            GROUP BY match.task_id, person.user_id) AS contribution
        ORDER BY task_id, worked DESC, since, user_id
    ), assignee AS (
        SELECT task.id AS task_id,
            CASE WHEN count(DISTINCT coalesce(person.user_id::text, person.id::text)) FILTER (WHERE seen.is_current) = 1
                THEN min(person.user_id) FILTER (WHERE seen.is_current) END AS only_one,
            (array_agg(person.user_id ORDER BY seen.known_since, seen.id) FILTER (WHERE person.user_id IS NOT NULL))[1]
                AS earliest
        FROM asked AS task JOIN tracking_taskassignee AS seen ON seen.task_id = task.id
            JOIN tracking_externaluser AS person ON person.id = seen.external_user_id
        GROUP BY task.id
    ), owned AS (
        SELECT task.*, coalesce(
            contributor.user_id, assignee.only_one, assignee.earliest,
            CASE WHEN task.estimate IS NOT NULL THEN author.user_id END) AS new_owner_id
        FROM asked AS task
            LEFT JOIN contributor ON contributor.task_id = task.id LEFT JOIN assignee ON assignee.task_id = task.id
            LEFT JOIN tracking_externaluser AS author ON author.id = task.author_id
    )
    SELECT owned.id::text, owned.code || ' ' || left(owned.title, 200), before.username, after.username,
        owned.owner_id, owned.new_owner_id
    FROM owned LEFT JOIN {user} AS before ON before.id = owned.owner_id
        LEFT JOIN {user} AS after ON after.id = owned.new_owner_id
    WHERE owned.owner_id IS DISTINCT FROM owned.new_owner_id
    ORDER BY owned.id
"""
"""Whoever estimated a task is not told by any tracker; the author of one that has an estimate stands for them."""

WRITE = f"""
    UPDATE tracking_task AS task SET owner_id = plan.after
    FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS plan (id, before, after)
    WHERE task.id = plan.id AND task.owner_id IS NOT DISTINCT FROM plan.before AND {UNNOTED}
"""  # noqa: S608 - made of constants

USERS = get_user_model()._meta.db_table  # noqa: SLF001 - Django documents it
Cursor = int | str | None


class ProjectOwners:
    """The owners of a project's tasks."""

    def __init__(self, project: Project, only: Collection[UUID] | None = None) -> None:
        """Of all tasks, or `only` those of these ids."""
        self._project = project
        self._only = None if only is None else array(only)

    def pages(self, after: Cursor) -> Iterator[tuple[Sequence[Change], Cursor]]:
        """The tasks behind an id whose owner is another one than what is stored."""
        while last := self._last(after):
            yield self._changes(after, last), last
            after = last

    def write(self, changes: Sequence[Change]) -> None:
        """Write the new owners; a task that got another one since it was read keeps that."""
        keys, before, after = zip(*((change.key, *change.payload) for change in changes), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [list(keys), list(before), list(after)])

    def _last(self, after: Cursor) -> str | None:
        [row] = self._rows(RANGE, after=after, number=TASKS)
        return str(row[0]) if row[0] else None

    def _changes(self, after: Cursor, last: str) -> list[Change]:
        statement = CHANGES.format(user=USERS)
        return [
            Change("updated", key, label, {"owner": (before, now)}, payload=(owner, new_owner))
            for key, label, before, now, owner, new_owner in self._rows(statement, after=after, last=last)
        ]

    def _rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"project": self._project.pk, "only": self._only, **values})
            return list(cursor.fetchall())
