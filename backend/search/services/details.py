"""What people want to know of the tasks that were found."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum

from backend.search.services.vectors import IS_FINISHED
from backend.tracking.models import Project, Task, WorkEntry

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Details:
    """A task."""

    id: UUID
    code: str
    title: str
    organization: str
    project: str
    url: str
    worked_hours: float
    estimated_hours: float | None
    owner: str | None
    finished_at: datetime | None


def tasks(projects: Collection[Project], *, finished_only: bool) -> "QuerySet[Task]":
    """The tasks that may be found, as they are now. One that continues as another is none."""
    found = Task.objects.filter(tracker__project__in=projects, moved_to="")
    return found.filter(IS_FINISHED) if finished_only else found


def of(found: "QuerySet[Task]", keys: Collection[UUID]) -> dict[UUID, Details]:
    """Those of `found` that have these ids."""
    rows = (
        found.filter(pk__in=keys).select_related("tracker__project__organization", "owner").order_by("-closed_at", "pk")
    )
    hours = worked_hours(keys)
    return {task.pk: _details(task, hours.get(task.pk, 0.0)) for task in rows}


def worked_hours(keys: Collection[UUID]) -> dict[UUID, float]:
    """The hours of all work for each of these tasks that has some."""
    return _hours(WorkEntry.objects.filter(match__task__in=keys))


def worked_hours_of(found: "QuerySet[Task]") -> dict[UUID, float]:
    """The hours of all work for each of many tasks."""
    return _hours(WorkEntry.objects.filter(match__task__in=found.order_by().values("pk")))


def people(keys: Collection[UUID]) -> list[dict[str, Any]]:
    """Who worked on these tasks, most first: a username of ours, or what a tracker calls somebody it alone knows."""
    rows = (
        WorkEntry.objects.filter(match__task__in=keys, external_user__isnull=False)
        .values_list("external_user__user__username", "external_user__username")
        .annotate(total=Sum("duration"))
        .order_by()
    )
    hours: dict[str, float] = {}
    for ours, external, total in rows:
        hours[ours or external] = hours.get(ours or external, 0.0) + total.total_seconds() / HOUR
    ranked = sorted(hours.items(), key=lambda item: (-item[1], item[0]))
    return [{"username": name, "worked_hours": round(worked, 2)} for name, worked in ranked]


def _hours(work: "QuerySet[WorkEntry]") -> dict[UUID, float]:
    rows = work.values_list("match__task").annotate(total=Sum("duration")).order_by()
    return {task: total.total_seconds() / HOUR for task, total in rows if task}


def _details(task: Any, hours: float) -> Details:
    project, estimate = task.tracker.project, task.estimate
    return Details(
        task.pk,
        task.code,
        task.title,
        project.organization.code,
        project.code,
        task.url,
        round(hours, 2),
        float(estimate) if isinstance(estimate, Decimal) else None,
        task.owner.get_username() if task.owner else None,
        task.closed_at,
    )
