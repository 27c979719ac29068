from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from backend.accounts.models import User
from backend.tracking.models import (
    EntryMatch,
    ExternalUser,
    Organization,
    OrganizationProfile,
    Project,
    Task,
    TaskAssignee,
    Tracker,
    WorkEntry,
    WorkMatch,
)

COMMITTED = pytest.mark.django_db(
    transaction=True, available_apps=["backend.accounts", "upkeep.operations", "backend.tracking", "tasks"]
)
"""Transactions are real; afterwards, the tables of these apps alone are emptied, which takes less time."""
numbers = count(1)
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Example:
    """A project with a tracker of tasks and one of hours."""

    def __init__(self, organization: str = "example", code: str = "app", **columns: Any) -> None:
        self.organization, _ = Organization.objects.get_or_create(code=organization, defaults=columns)
        self.project = Project.objects.create(organization=self.organization, code=code)
        self.tasks = Tracker.objects.create(project=self.project, name="tasks", place=0)
        self.hours = Tracker.objects.create(project=self.project, name="hours", place=1)

    def task(self, code: str, tracker: Tracker | None = None, **columns: Any) -> Task:
        """A task that was downloaded."""
        defaults = {"external_id": f"external {code}", "title": f"Task {code}"}
        return Task.objects.create(tracker=tracker or self.tasks, code=code, **{**defaults, **columns})

    def rule(self, match_on: str, tracker: Tracker | None = None, **columns: Any) -> WorkMatch:
        return WorkMatch.objects.create(tracker=tracker or self.tasks, match_on=match_on, **columns)

    def entry(self, text: str = "", *, hours: float = 1, tracker: Tracker | None = None, **columns: Any) -> WorkEntry:
        """An hour of work; with a `task`, matched."""
        number = next(numbers)
        match = {name: columns.pop(name) for name in ("task", "matched_by", "looked_for") if name in columns}
        entry = WorkEntry.objects.create(
            tracker=tracker or self.hours,
            external_id=str(number),
            text=text,
            duration=timedelta(hours=hours),
            **{"started_at": MONDAY + timedelta(minutes=number), **columns},
        )
        if match:
            EntryMatch.objects.create(entry=entry, project=self.project, **match)
        return entry

    def person(self, username: str, *, is_known: bool = True, tracker: Tracker | None = None) -> ExternalUser:
        """Somebody whom a tracker calls so, and whom we do, too."""
        named = {"full_name": username}
        user = User.objects.get_or_create(username=username, defaults=named)[0] if is_known else None
        if user:
            OrganizationProfile.objects.get_or_create(organization=self.organization, user=user)
        return ExternalUser.objects.get_or_create(
            tracker=tracker or self.hours, username=username, defaults={"user": user}
        )[0]

    def assign(self, task: Task, person: ExternalUser, *, days: int = 0, is_current: bool = True) -> None:
        known_since = MONDAY + timedelta(days=days)
        TaskAssignee.objects.create(task=task, external_user=person, known_since=known_since, is_current=is_current)


def matched(entry: WorkEntry) -> tuple[str | None, WorkMatch | None]:
    """The code of the task that is stored, and the rule."""
    stored = WorkEntry.objects.select_related("match__task", "match__matched_by").get(pk=entry.pk)
    return stored.task.code if stored.task else None, stored.matched_by


def owner(task: Task) -> str | None:
    stored = Task.objects.select_related("owner").get(pk=task.pk)
    return stored.owner.get_username() if stored.owner else None
