"""Work entries, each with what was stored of its match and what its project's rules say of it now."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from backend.tracking.kernel import explanations, moments
from backend.tracking.kernel.configuration.problems import closest
from backend.tracking.kernel.explanations import Told
from backend.tracking.kernel.matching import Matcher, Trial
from backend.tracking.models import ExternalUser, Organization, Project, Task, WorkEntry
from backend.tracking.services import rules

PAGE = 200
RELATED = (
    "tracker__project__organization",
    "external_user__user",
    "match__task__tracker",
    "match__matched_by__tracker",
)


class UnknownEntryError(Exception):
    """There is no such work entry, or nobody of such a name; the message says what there is."""


def entry(entry_id: UUID) -> QuerySet[WorkEntry]:
    """The work entry of that id. Raises UnknownEntryError."""
    found = WorkEntry.objects.filter(pk=entry_id)
    if not found.exists():
        raise UnknownEntryError(f"there is no work entry {entry_id}")
    return found


def of_user(username: str) -> Q:
    """Whose work it is: a user's of ours, else that of whom a tracker calls so. Raises UnknownEntryError."""
    user = get_user_model().objects.filter(username__iexact=username).first()
    if user is not None:
        return Q(external_user__user=user)
    if ExternalUser.objects.filter(username=username).exists():
        return Q(external_user__username=username)
    meant = closest(username, list(get_user_model().objects.values_list("username", flat=True)))
    raise UnknownEntryError(f"there is no user {username!r}" + (f": did you mean {meant!r}?" if meant else ""))


def organizations_with(username: str) -> list[str]:
    """The codes of the organizations one of whose trackers knows somebody by this name."""
    known = Organization.objects.filter(projects__trackers__external_users__username=username)
    return list(known.order_by("code").values_list("code", flat=True).distinct())


def started(since: str | None, until: str | None) -> Q:
    """When it was started; naive times are in the zone of each entry's organization.

    Raises UnknownEntryError when an organization has a zone that nobody knows.
    """
    if since is None and until is None:
        return Q()
    found = Q(pk__in=())
    for name in Organization.objects.order_by().values_list("time_zone", flat=True).distinct():
        bounds: dict[str, Any] = {"tracker__project__organization__time_zone": name}
        if since is not None:
            bounds["started_at__gte"] = moments.start(since, _zone(name))
        if until is not None:
            bounds["started_at__lt"] = moments.end(until, _zone(name))
        found |= Q(**bounds)
    return found


def pages(entries: QuerySet[WorkEntry], most: int) -> Iterator[list[WorkEntry]]:
    """At most this many of them, the most recent first, a few at a time."""
    found = rest = entries.select_related(*RELATED).order_by("-started_at", "-pk")
    while page := list(rest[: min(PAGE, most)]):
        yield page
        most, last = most - len(page), page[-1]
        rest = found.filter(Q(started_at__lt=last.started_at) | Q(started_at=last.started_at, pk__lt=last.pk))


class Explainer:
    """Explains entries; keeps the rules of each project that it met."""

    def __init__(self) -> None:
        self._projects: dict[UUID, tuple[Matcher, list[UUID]]] = {}

    def explained(self, entries: Sequence[WorkEntry]) -> list[Told]:
        """One explanation an entry. Raises RuleError, when a rule of its project cannot be applied."""
        tried = [list(self._trials(entry)) for entry in entries]
        tasks = _tasks({task for trials in tried if trials and (task := trials[-1].task)})
        return [_explained(entry, trials, tasks) for entry, trials in zip(entries, tried, strict=True)]

    def _trials(self, entry: WorkEntry) -> Iterator[Trial]:
        matcher, trackers = self._matcher(entry.tracker.project)
        return matcher.trials((trackers.index(entry.tracker_id), entry.breadcrumb, entry.text, entry.external_task))

    def _matcher(self, project: Project) -> tuple[Matcher, list[UUID]]:
        if project.pk not in self._projects:
            trackers = rules.trackers(project)
            self._projects[project.pk] = rules.matcher(trackers), [tracker.pk for tracker in trackers]
        return self._projects[project.pk]


def _explained(entry: WorkEntry, trials: Sequence[Trial], tasks: dict[str, Told]) -> Told:
    match = explanations.match(trials, tasks)
    now = (trials[-1].task, trials[-1].rule.facts.id) if match else (None, None)
    stored = tuple(str(row.pk) if row else None for row in (entry.task, entry.matched_by))
    return {
        "entry": _entry(entry),
        "stored": {
            "task": _task(entry.task) if entry.task else None,
            "rule": explanations.rule(rules.facts(entry.matched_by)) if entry.matched_by else None,
            "is_up_to_date": stored == now,
            **({} if stored == now else {"note": "the rules now say something else: match_project updates it"}),
        },
        "match": match,
        "did_not_apply": explanations.failures(trials, entry.tracker.name),
    }


def _entry(entry: WorkEntry) -> Told:
    project, person = entry.tracker.project, entry.external_user
    return {
        "id": str(entry.pk),
        "external_id": entry.external_id,
        "tracker": entry.tracker.name,
        "project": project.code,
        "organization": project.organization.code,
        "username": person.user.get_username() if person and person.user else None,
        "external_username": person.username if person else None,
        "breadcrumb": entry.breadcrumb,
        "text": entry.text,
        "external_task": entry.external_task,
        "started_at": entry.started_at.astimezone(_zone(project.organization.time_zone)).isoformat(),
        "duration_in_hours": round(entry.duration.total_seconds() / 3600, 4),
    }


def _tasks(ids: set[str]) -> dict[str, Told]:
    return {str(task.pk): _task(task) for task in Task.objects.filter(pk__in=ids).select_related("tracker")}


def _task(task: Task) -> Told:
    return {
        "id": str(task.pk),
        "code": task.code,
        "title": task.title,
        "tracker": task.tracker.name,
        "external_id": task.external_id,
        "url": task.url,
    }


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise UnknownEntryError(f"an organization has the time zone {name!r}, which does not exist") from None
