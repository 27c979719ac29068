"""Tasks that go on elsewhere: in another tracker of their project, or as another task."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.db import connection

from backend.tracking.kernel import locations, moves
from backend.tracking.kernel.kinds import ApiKind, NameKind
from backend.tracking.kernel.locations import LocationError, Place
from backend.tracking.kernel.moves import Farewell
from backend.tracking.models import EntryMatch, Task, Tracker
from backend.tracking.services import former_names
from backend.tracking.services.arrays import array

KEEPING = frozenset({ApiKind.JIRA, ApiKind.YOUTRACK, ApiKind.KIMAI, ApiKind.CLOCKODO, ApiKind.TOGGL})
"""The systems in which what moves to another project keeps its id."""
REASSIGN = """
    UPDATE tracking_taskassignee AS seen SET external_user_id = there.id
    FROM tracking_externaluser AS here, tracking_externaluser AS there
    WHERE seen.task_id = ANY(%s::uuid[]) AND here.id = seen.external_user_id AND here.tracker_id <> %s
        AND there.tracker_id = %s AND there.external_id = here.external_id AND there.external_id <> ''
        AND NOT EXISTS (SELECT FROM tracking_taskassignee AS twin
            WHERE twin.task_id = seen.task_id AND twin.external_user_id = there.id)
"""
"""People have a row for each tracker; since when they were known as assignees stays."""


def siblings(tracker: Tracker) -> list[Tracker]:
    """The trackers of its project that read another project of the same system, in which records keep their ids."""
    kind, place = ApiKind(tracker.api_kind), place_of(tracker)
    if kind not in KEEPING or place is None or _holds_several(kind, place):
        return []
    others = Tracker.objects.filter(project=tracker.project_id, api_kind=tracker.api_kind).exclude(pk=tracker.pk)
    found = [(other, place_of(other)) for other in others]
    return [
        other
        for other, there in found
        if there
        and there.api_url == place.api_url
        and there.name.lower() != place.name.lower()
        and not _holds_several(kind, there)
    ]


def place_of(tracker: Tracker) -> Place | None:
    """Where a tracker is read; None when that is not understood, or it has no API."""
    try:
        return locations.parsed(ApiKind(tracker.api_kind), tracker.api_location)
    except (LocationError, ValueError):
        return None


def names_of(tracker: Tracker) -> list[str]:
    """What the project of a tracker is called, and was."""
    place = place_of(tracker)
    return [*([place.name] if place else []), *(page.rpartition("/")[2] for page in tracker.pages)]


def _holds_several(kind: ApiKind, place: Place) -> bool:
    if kind is ApiKind.TOGGL:
        return "/" not in place.name
    return kind is ApiKind.KIMAI and place.name.startswith("customer=")


def take_tasks(tracker: Tracker, tasks: Collection[UUID]) -> None:
    """Let these tasks of other trackers be this one's, with their assignees, whose rows there are already."""
    Task.objects.filter(pk__in=tasks).update(tracker=tracker)
    with connection.cursor() as cursor:
        cursor.execute(REASSIGN, [array(tasks), tracker.pk, tracker.pk])


def part(farewells: Iterable[Farewell]) -> None:
    """Close or delete these tasks. Hours of one that is stored twice are the other's; of one that is gone, nobody's."""
    gone: list[UUID] = []
    for missed, values in ((each.missed, each.values) for each in farewells):
        if values is not None:
            Task.objects.filter(pk=missed.pk).update(**values)
            continue
        gone.append(missed.pk)
        if missed.heir:
            tracker = Task.objects.values_list("tracker", flat=True).get(pk=missed.pk)
            names = {NameKind.CODE: missed.code, NameKind.URL: missed.url}
            former_names.keep((missed.heir, tracker, kind, text) for kind, text in names.items())
            EntryMatch.objects.filter(task=missed.pk).update(task=missed.heir)
    Task.objects.filter(pk__in=gone).delete()


def successors(trackers: Sequence[Tracker]) -> dict[str, str]:
    """The tasks of these trackers that go on as another one of theirs, and which one that is by now."""
    moved = Task.objects.filter(tracker__in=trackers).exclude(moved_to="")
    rows = list(moved.values_list("pk", "tracker", "moved_to"))
    if not rows:
        return {}
    systems = {
        tracker.pk: (tracker.api_kind, place.api_url if (place := place_of(tracker)) else "") for tracker in trackers
    }
    targets = Task.objects.filter(tracker__in=trackers, external_id__in={to for _, _, to in rows})
    by_id = {
        (systems[tracker], external_id): pk
        for pk, tracker, external_id in targets.values_list("pk", "tracker", "external_id")
    }
    direct = {pk: by_id[systems[tracker], to] for pk, tracker, to in rows if (systems[tracker], to) in by_id}
    return {str(first): str(last) for first, last in moves.followed(direct) if first != last}
