"""`doctor`, in a project that lacks this and that."""

import json
from pathlib import Path
from typing import Any

from tests.projects import Project, project

AUTO = "django.db.models.BigAutoField"
QUEUE = """
from datetime import timedelta
from upkeep.operations.models import Run
run = Run.objects.create(operation="goods.sync_prices", queue="celery")
Run.objects.update(created_at=run.created_at - timedelta(hours=2))
"""


def problems(made: Project) -> dict[str, str]:
    """What the doctor finds, by the check's id."""
    done = made.manage("doctor", "--json")
    assert done.stdout, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)["problems"]
    assert (done.returncode, len(done.stderr.splitlines())) == ((1, 1) if found else (0, 0)), done.stderr
    assert all(problem["hint"] for problem in found)
    return {problem["id"]: problem["message"] for problem in found}


def test_the_doctor_finds_what_is_missing_one_after_the_other(tmp_path: Path, database: dict[str, Any]) -> None:
    made = project(tmp_path, {}, DEFAULT_AUTO_FIELD=AUTO)
    assert problems(made)["upkeep_operations.E005"].startswith("The database cannot be queried: ")
    made.set(DATABASES={"default": database})
    assert "no migrations: people" in problems(made)["upkeep_operations.E006"]
    assert made.manage("makemigrations", "people", "--verbosity", "0").stderr == ""
    found = problems(made)
    assert found["upkeep_operations.E006"].startswith("The database lacks ")
    assert "cannot be reached" in found["upkeep_worker.W002"]
    assert made.manage("migrate", "--verbosity", "0").stderr == ""
    assert problems(made).keys() == {"upkeep_worker.W002"}
    assert made.manage("shell", "--command", QUEUE).stderr == ""
    assert problems(made)["upkeep_operations.W001"].startswith("Runs queued for more than an hour: 1.")
    made.set(UPKEEP={"LEASE_SECOND": 3})
    assert "did you mean 'LEASE_SECONDS'" in problems(made)["upkeep_operations.E001"]


def test_with_nothing_wrong_it_says_so(tmp_path: Path, database: dict[str, Any]) -> None:
    made = project(tmp_path, {}, DEFAULT_AUTO_FIELD=AUTO, DATABASES={"default": database})
    made.set(SILENCED_SYSTEM_CHECKS=["upkeep_worker.W002"])  # there is no broker
    made.migrate("people")
    done = made.manage("doctor")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is wrong\n", "")
