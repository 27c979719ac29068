"""`generate_command` in a project that installs the library: every type, in a new app and in one that is there."""

import json
from pathlib import Path
from typing import Any

from tests.projects import Project, project

APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_celery_beat",
    "upkeep.operations",
    "upkeep.worker",
    "people",
    "goods",
]
GENERATE = """
import os, django
from django.core.management import call_command
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
django.setup()
for app in ("stock", "people"):
    for kind in ("import", "maintenance", "report", "integration"):
        call_command("generate_command", app, f"{kind}_{app}", "--type", kind, verbosity=0)
    for kind in ("app", "text"):
        call_command("generate_command", app, f"{kind}_{app}", "--labels", kind, verbosity=0)
"""
DUE = """
from datetime import timedelta
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
print(PeriodicTask.objects.filter(name="Count stock").update(last_run_at=timezone.now() - timedelta(days=2)))
"""
FIRED = """
from upkeep.operations.models import Run
print(*Run.objects.order_by("created_at").values_list("operation", "origin", "status"), sep="\\n")
"""


def shell(made: Project, code: str) -> str:
    return made.manage("shell", "--verbosity", "0", "--command", code).stdout


def paste_schedule(made: Project, told: str) -> None:
    """Do what the lines after `Schedule it` say."""
    _, _, hint = told.partition("write shop/schedule.py\n")
    code, _, rest = hint.partition('and into the settings: UPKEEP = {"SCHEDULE": "')
    made.write({"shop/schedule.py": "".join(line.removeprefix("    ") for line in code.splitlines(keepends=True))})
    made.set(UPKEEP={"SCHEDULE": rest.partition('"')[0]})


def test_what_is_generated_works_at_once(tmp_path: Path, database: dict[str, Any], redis_url: str) -> None:
    made = project(
        tmp_path, INSTALLED_APPS=APPS, DATABASES={"default": database}, CELERY_BROKER_URL=redis_url, USE_TZ=True
    )
    made.migrate("people")
    first = made.manage("generate_command", "stock", "count_stock", "--description", "Count the stock")
    assert (first.stderr, "  stock/operations/count_stock.py\n" in first.stdout) == ("", True)
    assert "  shop/settings.py (changed)\n" in first.stdout
    others = made.python("-c", GENERATE)
    assert (others.returncode, others.stderr) == (0, "")

    tested = made.manage("test", "--verbosity", "0")
    assert "OK" in tested.stderr, tested.stderr
    assert "Ran 8" in tested.stderr  # eighty and some

    paste_schedule(made, first.stdout)
    assert made.manage("migrate").stderr == ""
    assert "No changes detected" in made.manage("makemigrations", "--check").stdout
    assert "Count the stock." in made.manage("count_stock", "--help").stdout
    assert json.loads(made.manage("run_task", "count_stock", "--sync", "--json").stdout)["status"] == "succeeded"
    assert "(dry run: nothing was changed)" in made.manage("count_stock", "--dry-run").stdout
    assert json.loads(made.manage("count_stock", "--enqueue", "--json").stdout)["status"] == "queued"

    assert shell(made, DUE) == "1\n"
    command = ("-m", "celery", "-A", "shop", "beat", "--loglevel=INFO", "--pidfile=")
    with made.started(*command, until="fired (stock.count_stock)"):
        pass
    assert "('stock.count_stock', 'beat: Count stock', 'queued')" in shell(made, FIRED)
