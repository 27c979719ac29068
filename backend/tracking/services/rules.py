"""The rules of a project, and the tasks that they lead to."""

from collections.abc import Collection, Sequence

from django.db import connection

from backend.tracking.kernel.matching import Matcher
from backend.tracking.kernel.rules import RuleFacts, TaskKey
from backend.tracking.models import Project, Tracker, WorkMatch

TASKS = """
    SELECT DISTINCT ON ({key}) {key}, id::text FROM tracking_task
    WHERE tracker_id = %s AND {key} = ANY(%s) AND {key} <> '' ORDER BY {key}, external_id <> '', id
"""
"""Of two tasks of one code, the one that was declared by hand, else the older one. That no value is empty is said for
the sake of indexes without empty values: PostgreSQL does not look into a long array to find out."""


def trackers(project: Project) -> list[Tracker]:
    """The trackers of a project, in their order."""
    return list(project.trackers.order_by("place", "name"))


def matcher(trackers: Sequence[Tracker]) -> Matcher:
    """The rules of all trackers of a project, ready to be applied to the entries of these. Raises RuleError."""
    found = WorkMatch.objects.filter(tracker__in=trackers).select_related("tracker")
    ordered = found.order_by("-priority", "tracker__place", "tracker__name", "place", "pk")
    return Matcher([facts(rule) for rule in ordered], [tracker.name for tracker in trackers], look_up)


def look_up(key: TaskKey, tracker_id: str, values: Collection[str]) -> dict[str, str]:
    """The ids of a tracker's tasks by these values of a key."""
    with connection.cursor() as cursor:
        cursor.execute(TASKS.format(key=key.value), [tracker_id, list(values)])
        return dict(cursor.fetchall())


def facts(rule: WorkMatch) -> RuleFacts:
    """A stored rule as kernels know it."""
    return RuleFacts(
        id=str(rule.pk),
        tracker_id=str(rule.tracker_id),
        tracker=rule.tracker.name,
        match_on=rule.match_on,
        priority=rule.priority,
        sources=tuple(rule.source_work_trackers),
        text_pattern=rule.text_pattern,
        breadcrumb_pattern=rule.breadcrumb_pattern,
        target_task=rule.target_task,
    )
