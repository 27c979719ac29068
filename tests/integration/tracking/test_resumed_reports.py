"""What an operation reports when its run was stopped and taken up again: the same as of a run that nobody stopped."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import DatabaseError, connection
from pytest_django import Settings

from backend.accounts.models import User
from backend.collection.models import DVD
from backend.collection.services.poster_folder import PosterFolder
from backend.reports.services import definitions, schema
from backend.tracking.models import ExternalUser, Organization, OrganizationProfile, Task, UserMapping
from tests.integration.collection.factories import dvd, poster
from tests.integration.tracking.projects import Example
from tests.operations.scripted import rewind
from upkeep.operations import registry, runner, submission
from upkeep.operations.errors import RunInterrupted
from upkeep.operations.execution.progress import Unwatched
from upkeep.operations.files import InputFile
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.plans import Change

APPS = [f"backend.{name}" for name in ("accounts", "collection", "tracking", "reports")] + [
    "upkeep.operations",
    "tasks",
]
pytestmark = pytest.mark.django_db(transaction=True, available_apps=APPS)

FILE = """
organization:
  code: example
  organization_profiles: [{username: ann}]
  projects: [{code: app, trackers: [{name: tasks, tasks: [{code: pm, title: Management}]}]}]
"""
CSV = "username,email\neve,eve@example.com\nbob,bob@example.com\n"


class Interrupting(Unwatched):
    """Ctrl-C after so many commits and steps, however small."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advanced(self, step: str, processed: int, total: int | None) -> None:  # noqa: ARG002 - Progress's signature
        self.left -= 1
        if self.left == 0:
            raise RunInterrupted

    def changed(self, changes: Sequence[Change]) -> None:
        """What was shown is of no interest."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a few items."""
    monkeypatch.setattr("upkeep.operations.steps.MAX_ROWS", 2)
    monkeypatch.setattr("upkeep.operations.erasure.MAX_RUNS", 2)
    monkeypatch.setattr(sys.modules[PosterFolder.__module__], "PAGE", 3)


def posters(path: Path) -> dict[str, Any]:
    dvd(poster="posters/used.jpg")
    for number in range(8):
        poster(path, f"{number}.jpg", size=100 + number)
    poster(path, "used.jpg", size=5_000)
    poster(path, "young.png", hours=0.1)
    return {"delete": True}


def cached(_path: Path) -> dict[str, Any]:
    for number in range(3):
        caches["downloads"].set(str(number), b"value" * number)
    return {}


def work(_path: Path) -> dict[str, Any]:
    """Seven entries with a rule's match that is right, wrong, or not there yet; one person who became a member."""
    example = Example()
    task = example.task("#1")
    rule = example.rule("pattern_to_task_code", text_pattern=r"(?P<task_code>#\d+)", priority=9)
    person = ExternalUser.objects.create(tracker=example.hours, username="eve", email="eve@example.com")
    for text in ("#1", "#1", "lunch", "lunch", "#1", "#2", "#1"):
        wrong = text == "lunch"
        example.entry(text, external_user=person, task=task if wrong else None, matched_by=rule if wrong else None)
    eve = User.objects.create(username="eve", email="eve@example.com")
    OrganizationProfile.objects.create(organization=example.organization, user=eve)
    return {"organization": "example"}


def explained(path: Path) -> dict[str, Any]:
    work(path)
    return {"started_from": "2026-01-01"}


def configuration(path: Path) -> dict[str, Any]:
    """A file that lacks what is stored, and a member whom a tracker knows."""
    User.objects.create(username="ann", email="ann@example.com")
    example = Example()
    Task.objects.create(tracker=example.tasks, code="old", title="Old")
    UserMapping.objects.create(organization=example.organization, name="hours")
    ExternalUser.objects.create(tracker=example.hours, username="ann", email="ann@example.com")
    (path / "example.yaml").write_text(FILE)
    return {"file": InputFile.at(str(path / "example.yaml"))}


def people(path: Path) -> dict[str, Any]:
    """Two people, of whom a tracker knows one already."""
    ExternalUser.objects.create(tracker=Example().hours, username="x", email="eve@example.com")
    (path / "people.csv").write_text(CSV)
    return {"file": InputFile.at(str(path / "people.csv")), "organization": "example"}


def removed(path: Path) -> dict[str, Any]:
    return work(path)


def demo(_path: Path) -> dict[str, Any]:
    return {"tasks": 5, "work_entries": 20, "projects": 1}


def samples(_path: Path) -> dict[str, Any]:
    dvd(name="mine")
    return {"clear": True, "count": 35}


def certified(_path: Path) -> dict[str, Any]:
    for certification in ("PG", "15", " 18", "U", ""):
        dvd(uk_certification=certification)
    return {}


def films(path: Path) -> dict[str, Any]:
    (path / "dvds.csv").write_text("title,year\nHeat,1995\nHeat,1995\n,1990\nRonin,1998\n")
    return {"file": InputFile.at(str(path / "dvds.csv"))}


def exported(_path: Path) -> dict[str, Any]:
    dvd(pk=1, name="Heat", tmdb_id=949)
    return {}


def old_runs(_path: Path) -> dict[str, Any]:
    long_ago = datetime.now(UTC) - timedelta(days=100)
    Run.objects.bulk_create(Run(operation=f"old.{n % 2}", status="succeeded", finished_at=long_ago) for n in range(7))
    return {}


def no_reports(_path: Path) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS report CASCADE")
    return {}


def reports(path: Path) -> dict[str, Any]:
    no_reports(path)
    schema.write(schema.plan(definitions.all_views(), cascade=False))
    return {}


def report_user(path: Path) -> dict[str, Any]:
    reports(path)
    with connection.cursor() as cursor, suppress(DatabaseError):
        cursor.execute("DROP OWNED BY resumed; DROP ROLE resumed")
    return {}


CASES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "collection.cleanup_unused_posters": posters,
    "collection.export_dvds": exported,
    "collection.import_dvds": films,
    "collection.load_sample_data": samples,
    "collection.normalize_uk_certifications": certified,
    "accounts.make_users": people,
    "housekeeping.prune_runs": old_runs,
    "reports.clear_reports": reports,
    "reports.make_report_user": report_user,
    "reports.make_reports": no_reports,
    "tracking.clear_caches": cached,
    "tracking.explain_work_entry": explained,
    "tracking.make_demo_organization": demo,
    "tracking.match_project": work,
    "tracking.remove_organization": removed,
    "tracking.update_organization": configuration,
    "tracking.update_project": work,
}
LAST = 0
"""Killed at the very end: everything is committed, but not that the run has ended."""


def anew(case: str, path: Path, settings: Settings) -> dict[str, Any]:
    """The params of a case in a world that holds nothing else."""
    for model in (Run, Organization, User, DVD):
        model.objects.all().delete()
    path.mkdir()
    settings.REPORT_USERNAME, settings.REPORT_PASSWORD = "resumed", "of a test"
    settings.MEDIA_ROOT = path
    downloads = {**settings.CACHES["downloads"], "LOCATION": str(path / "cache")}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}, "downloads": downloads}
    return CASES[case](path)


def started(name: str, params: dict[str, Any], *, dry_run: bool, stop: int | None = None, raises: bool = True) -> Run:
    operation = registry.find(name)
    parsed = operation.params_type.model_validate(params)
    confirm = operation.confirmation(parsed) or ""
    progress = Interrupting(stop) if stop else None
    outcome = runner.execute(operation, parsed, dry_run=dry_run, confirm=confirm, progress=progress, raises=raises)
    return Run.objects.get(pk=outcome.run)


def taken_up(run: Run) -> Run:
    submission.requeue(run.pk, queue="")
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    return Run.objects.get(pk=run.pk)


def told(run: Run) -> dict[str, Any]:
    """All that a run says of itself, but for the explanations, which hold ids."""
    shown = {name: len(value) if isinstance(value, list) else value for name, value in run.result.items()}
    return {
        "status": run.status,
        "error": run.error,
        "counts": run.counts,
        "reasons": run.reasons,
        "report": run.report,
        "result": shown,
    }


def test_every_operation_that_reports_figures_is_tried() -> None:
    remote = {f"collection.{name}" for name in ("populate_imdb_ids", "refresh_missing_details", "refresh_torrent_data")}
    adopted = {"housekeeping.clear_sessions"}
    ours = {name for name in registry.names() if not name.startswith(("testing.", "search."))}
    assert ours == CASES.keys() | remote | adopted, (
        "those of search, which load a model, are tried with its other tests"
    )


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_a_run_that_was_resumed_reports_what_one_reports_that_nobody_stopped(
    name: str, tmp_path: Path, settings: Settings, *, dry_run: bool
) -> None:
    dry_run = dry_run and not registry.find(name).read_only
    undisturbed = told(started(name, anew(name, tmp_path / "undisturbed", settings), dry_run=dry_run))
    assert undisturbed["status"] == "succeeded"
    for stop in (LAST, 1, 2, 4):
        run = started(name, anew(name, tmp_path / f"stopped {stop}", settings), dry_run=dry_run, stop=stop)
        if run.status == "succeeded":
            rewind(run.pk, status="failed")
            run.refresh_from_db()
        assert told(taken_up(run)) == undisturbed, f"stopped after {stop}"
