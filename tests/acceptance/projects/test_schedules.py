"""Schedules in a project that installs the library, with django-celery-beat and without."""

from pathlib import Path
from typing import Any

import pytest

from tests.projects import project

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "upkeep.operations", "upkeep.worker", "people", "goods"]
SCHEDULER = "from shop import celery_app; print(celery_app.conf.beat_scheduler)"
ENTRIES = """
from django_celery_beat.models import PeriodicTask
print(*PeriodicTask.objects.values_list("task", "crontab__hour"))
"""
SCHEDULE = """
from upkeep.operations import ScheduleEntry
SCHEDULE = [ScheduleEntry("Prices", "goods.sync_prices", "0 2 * * *")]
"""


@pytest.mark.parametrize(
    ("apps", "chosen", "scheduler"),
    [
        (APPS, {}, "celery.beat:PersistentScheduler"),
        ([*APPS, "django_celery_beat"], {}, "upkeep.worker.beat:Scheduler"),
        ([*APPS, "django_celery_beat"], {"CELERY_BEAT_SCHEDULER": "shop.beat:Own"}, "shop.beat:Own"),
    ],
)
def test_beat_fires_what_the_database_says_unless_the_project_chose_its_scheduler(
    tmp_path: Path, apps: list[str], chosen: dict[str, Any], scheduler: str
) -> None:
    made = project(tmp_path, INSTALLED_APPS=apps, **chosen)
    assert made.manage("shell", "--no-imports", "-c", SCHEDULER).stdout == f"{scheduler}\n"


def test_the_default_schedule_is_in_the_database_after_migrate(tmp_path: Path, database: dict[str, Any]) -> None:
    made = project(
        tmp_path,
        {"shop/schedule.py": SCHEDULE},
        INSTALLED_APPS=[*APPS, "django_celery_beat"],
        DATABASES={"default": database},
        UPKEEP={"SCHEDULE": "shop.schedule.SCHEDULE"},
    )
    made.migrate("people")
    assert made.manage("makemigrations", "--check").stdout == "No changes detected\n"
    assert made.manage("shell", "--no-imports", "-c", ENTRIES).stdout == "('goods.sync_prices', '2')\n"
