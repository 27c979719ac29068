"""Every run of an operation that records anything of an organization is about it, and goes with it."""

from pathlib import Path

import pytest
from pytest_django import Settings

from backend.tracking.models import ExternalUser, WorkEntry
from tasks.tracking.explain_work_entry import ExplainWorkEntry, explain_work_entry
from tasks.tracking.update_organization import UpdateOrganization, update_organization
from tasks.tracking.update_project import update_project
from tests.integration.collection.commands import ran
from tests.integration.tracking.projects import COMMITTED, Example
from tests.integration.tracking.test_resumed_reports import anew, started
from upkeep.operations import registry, runner, subjects
from upkeep.operations.files import InputFile
from upkeep.operations.models import Run, RunChange, RunLog

pytestmark = COMMITTED

OF_NO_ORGANIZATION = {"tracking.clear_caches"}
"""Caches belong to a machine, and what is told of them is their size."""
CODES = {"tracking.make_demo_organization": "demo"}
OPERATIONS = ["accounts.make_users", *(name for name in registry.names() if name.startswith("tracking."))]


def about(run: Run) -> set[str]:
    return set(run.subjects.values_list("name", flat=True))


def remove(code: str) -> Run:
    return ran("remove_organization", code, "--no-input").run


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_says_of_which_organization_it_is_and_its_runs_go_with_that(
    name: str, tmp_path: Path, settings: Settings, *, dry_run: bool
) -> None:
    operation, code = registry.find(name), CODES.get(name, "example")
    run = started(name, anew(name, tmp_path / "case", settings), dry_run=dry_run and not operation.read_only)
    assert run.status == "succeeded"
    assert about(run) == (set() if name in OF_NO_ORGANIZATION else {f"organization:{code}"})
    if name in OF_NO_ORGANIZATION or (not run.dry_run and name == "tracking.remove_organization"):
        return
    if run.dry_run and code == "demo":
        Example("demo")
    removal = remove(code)
    assert set(Run.objects.all()) == {removal}
    assert set(RunChange.objects.values_list("run", flat=True)) == {removal.pk}
    assert not RunLog.objects.exclude(run=removal).exists()


def test_a_run_without_an_organization_is_about_all_that_it_enqueues(broker: str) -> None:
    Example("acme"), Example("beta")
    ran("update_project")
    run = Run.objects.get(operation=update_project.name, params__organization=None)
    assert about(run) == {"organization:acme", "organization:beta"}
    assert [about(each) for each in Run.objects.exclude(pk=run.pk).order_by("params__organization")] == [
        {"organization:acme"},
        {"organization:beta"},
    ]
    assert broker
    remove("acme")
    assert {tuple(about(each)) for each in Run.objects.all()} == {("organization:acme",), ("organization:beta",)}
    assert not Run.objects.filter(operation=update_project.name, params__organization__in=["acme", None]).exists()


def test_an_explanation_of_entries_of_two_organizations_goes_when_either_goes() -> None:
    for code in ("acme", "beta"):
        Example(code).entry("lunch")
    outcome = runner.execute(explain_work_entry, ExplainWorkEntry(started_from="2026-01-01"))
    run = Run.objects.get(pk=outcome.run)
    assert about(run) == {"organization:acme", "organization:beta"}
    remove("beta")
    assert not Run.objects.filter(pk=run.pk).exists()


def test_an_explanation_that_fails_or_finds_nothing_is_about_whom_it_asked_for() -> None:
    example = Example("acme")
    example.rule("pattern_to_task_code", text_pattern="no group")
    ExternalUser.objects.create(tracker=example.hours, username="ann")
    runner.execute(explain_work_entry, ExplainWorkEntry(username="ann"))
    entry = WorkEntry.objects.get(pk=example.entry("x").pk)
    runner.execute(explain_work_entry, ExplainWorkEntry(id=entry.pk), raises=False)
    assert [(run.status, about(run)) for run in Run.objects.order_by("created_at")] == [
        ("succeeded", {"organization:acme"}),
        ("failed", {"organization:acme"}),
    ]


def test_a_configuration_with_problems_is_about_the_organization_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("organization: {code: acme, projects: [{code: app, nonsense: 7}], default_username: ann}")
    outcome = runner.execute(update_organization, UpdateOrganization(file=InputFile.at(str(file))), raises=False)
    run = Run.objects.get(pk=outcome.run)
    assert (run.status, about(run)) == ("failed", {"organization:acme"})


@pytest.mark.parametrize("name", ["tracking.update_project", "tracking.match_project", "tracking.remove_organization"])
def test_a_run_that_fails_because_there_is_no_such_organization_is_about_it(name: str) -> None:
    run = started(name, {"organization": "gone"}, dry_run=False, raises=False)
    assert (run.status, about(run)) == ("failed", {"organization:gone"})
    assert set(subjects.runs_about("organization:gone")) == {run}
