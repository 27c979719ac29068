from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from tasks.housekeeping.clear_sessions import clear_sessions
from tasks.schedule import SCHEDULE
from upkeep.operations import runner

APPS = ["upkeep.operations", "django.contrib.sessions", "tasks", "tests.operations"]


@pytest.mark.django_db(transaction=True, available_apps=APPS)
def test_expired_sessions_are_deleted_and_others_stay() -> None:
    now = timezone.now()
    for key, days in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(days=days))
    assert runner.execute(clear_sessions, clear_sessions.parse({})).status == "succeeded"
    assert [session.pk for session in Session.objects.all()] == ["new"]


def test_they_are_in_the_schedule() -> None:
    [entry] = [entry for entry in SCHEDULE if entry.operation == clear_sessions.name]
    assert entry.crontab == "30 7 * * 0"
