from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.accounts.models import User
from backend.tracking.models import EntryMatch, ExternalUser, OrganizationProfile, Task, Tracker, WorkEntry
from tasks.search.update_search import UpdateSearch, update_search
from tests.integration.tracking import factories
from upkeep import testing

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MakeTask = Callable[..., Task]


@pytest.fixture
def tracker() -> Tracker:
    """That of the project `shop` of the organization `acme`."""
    return factories.tracker()


@pytest.fixture
def task(tracker: Tracker) -> MakeTask:
    """Makes a finished task with so many hours of work."""

    def make(title: str, hours: float = 0, *, by: str = "ann", on: Tracker = tracker, **fields: Any) -> Task:
        number = Task.objects.count() + 1
        made = Task.objects.create(**{"tracker": on, "code": f"#{number}", "title": title, "closed_at": DAY} | fields)
        if hours:
            person, _ = ExternalUser.objects.get_or_create(tracker=on, username=by)
            entry = WorkEntry.objects.create(
                tracker=on,
                external_id=str(number),
                external_user=person,
                started_at=DAY,
                duration=timedelta(hours=hours),
            )
            EntryMatch.objects.create(entry=entry, project_id=on.project_id, task=made)
        return made

    return make


@pytest.fixture
def member(tracker: Tracker) -> User:
    """The user `ann`, who is a member of `acme`."""
    user = User.objects.create(username="ann")
    OrganizationProfile.objects.create(organization=tracker.project.organization, user=user)
    return user


def index(code: str = "acme") -> None:
    """Bring the index of an organization up to date."""
    testing.run(update_search, UpdateSearch(organization=code))
