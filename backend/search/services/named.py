"""Tasks that are found by their very letters: a code, an address, a name in a title."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Case, Q, QuerySet, When

from backend.search.kernel import wording
from backend.tracking.kernel.names import addresses, folded, url_key
from backend.tracking.models import Folded, Project, Task

MAX_CODES = 500
"""That are compared with one that nobody knows."""
MAX_TITLED = 50
"""Titles with a name in them that are looked at, the latest first."""


def exactly(found: "QuerySet[Task]", text: str) -> list[UUID]:
    """Those of the tasks whose code or address is in the text."""
    codes = {folded(code) for code in wording.codes(text)}
    keys = {key for address in addresses(text) if (key := url_key(address))}
    by_code = found.alias(folded=Folded("code")).filter(folded__in=codes) if codes else found.none()
    by_address = found.filter(url_key__in=keys) if keys else found.none()
    return list(dict.fromkeys([*by_address.values_list("pk", flat=True), *by_code.values_list("pk", flat=True)]))


def by_name(found: "QuerySet[Task]", text: str) -> list[UUID]:
    """Those whose title holds the whole text, when it may be a name; when there is none, whose description does.

    All that may be found are read once, since most such texts are in neither.
    """
    names = wording.names_alone(text)
    if not names:
        return []
    places = [Q(**{f"{column}__icontains": name}) for column in ("title", "description") for name in names]
    rows = list(
        found.filter(Q(title__icontains=names[-1]) | Q(description__icontains=names[-1]))
        .annotate(place=Case(*(When(held, then=place) for place, held in enumerate(places))))
        .order_by("place", "-closed_at", "pk")
        .values_list("pk", "place")[:MAX_TITLED]
    )
    return [key for key, place in rows if place == rows[0][1]]


def with_code(code: str, projects: list[Project]) -> Sequence[Task]:
    """The tasks of this code in these projects, whatever its case, one a project: that of its first tracker."""
    found = (
        Task.objects.alias(folded=Folded("code"))
        .filter(folded=folded(code), tracker__project__in=projects)
        .select_related("tracker__project")
        .order_by("tracker__project__code", "tracker__place", "pk")
    )
    return list({task.tracker.project_id: task for task in reversed(found)}.values())[::-1]


def codes_like(code: str, projects: list[Project]) -> list[str]:
    """Codes of these projects, of which one may have been meant: those that begin alike or end alike."""
    found = Task.objects.filter(tracker__project__in=projects)
    alike = found.filter(Q(code__istartswith=code[:-1] or code) | Q(code__iendswith=code[1:] or code))
    some = alike if alike.exists() else found
    return list(some.order_by("code").values_list("code", flat=True)[:MAX_CODES])
