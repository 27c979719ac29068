"""What tasks and the projects of trackers were called before."""

from collections.abc import Iterable
from uuid import UUID

from backend.tracking.kernel.kinds import ApiKind, NameKind
from backend.tracking.kernel.locations import Place
from backend.tracking.kernel.names import ProjectFacts, compared, pages
from backend.tracking.models import Tracker, new_id
from backend.tracking.services.upserts import execute

KEEP = """
    INSERT INTO tracking_formername (id, task_id, tracker_id, kind, key, text, lost_at)
    SELECT id, task_id, tracker_id, kind, key, text, now()
    FROM jsonb_populate_recordset(null::tracking_formername, %s::jsonb)
    ON CONFLICT (tracker_id, kind, key, task_id) DO UPDATE SET text = excluded.text, lost_at = excluded.lost_at
    RETURNING id
"""
Former = tuple[UUID, UUID, NameKind, str]
"""A task, a tracker whose rules are to find it so, and what it was called there."""


def keep(names: Iterable[Former]) -> None:
    """Let these names lead to these tasks from now on, where no task is called so."""
    rows = {
        (task, tracker, kind, key): {
            "id": new_id(), "task_id": task, "tracker_id": tracker, "kind": kind, "key": key, "text": text,
        }
        for task, tracker, kind, text in names
        if (key := compared(kind, text))
    }  # fmt: skip
    if rows:
        execute(KEEP, rows.values())


def keep_pages(tracker: Tracker, place: Place, project: ProjectFacts) -> None:
    """Remember how a tracker's project is called, by its location and by the system itself.

    Former names are kept as long as it is the same project.
    """
    found = pages(ApiKind(tracker.api_kind), place, project)
    is_same = project.external_id and project.external_id == tracker.project_external_id
    columns = {
        "project_external_id": project.external_id,
        "pages": [page for page in tracker.pages if is_same and page not in found] + found,
    }
    asked = Tracker.objects.filter(pk=tracker.pk, api_kind=tracker.api_kind, api_location=tracker.api_location)
    asked.exclude(**columns).update(**columns)
