"""Work entries name tasks in many ways, and go on leading to them when those are called otherwise."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from backend.tracking.models import FormerName, Task, Tracker, WorkEntry
from tests.integration.collection.commands import ran
from tests.integration.tracking.factories import api_tracker
from tests.integration.tracking.projects import COMMITTED, Example
from tests.integration.tracking.test_explain_work_entry import explained
from tests.servers.process import Server
from tests.servers.trackers import github, gitlab, jira, renamed, youtrack

pytestmark = [COMMITTED, pytest.mark.usefixtures("impatient", "folder")]

SYSTEMS = [github, gitlab, jira, youtrack]
CODE = r"(?s).*?(?P<task_code>[#!]\d+|[A-Za-z]+-\d+)"
NUMBERS = range(1, 8)


@pytest.fixture(params=SYSTEMS, ids=lambda module: module.KIND)
def system(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


@pytest.fixture
def server(system: ModuleType) -> Iterator[Server]:
    with renamed.server(system, records=40) as server:
        yield server


def project_of(system: ModuleType, location: str) -> tuple[Example, Tracker]:
    """A project whose tasks come from a system, with the rules for codes and addresses."""
    example = Example()
    tracker = api_tracker(
        system.KIND, location, of=example.project, token=system.TOKEN, api_username=system.USERNAME
    )  # fmt: skip
    example.rule("text_url_to_task_url", tracker, priority=30)
    example.rule("external_task_id_to_task_url", tracker, priority=20)
    example.rule("external_task_id_to_task_code", tracker, priority=20)
    example.rule("pattern_to_task_code", tracker, text_pattern=CODE, priority=10)
    return example, tracker


def codes() -> list[str | None]:
    """Of the tasks that the entries are matched with."""
    return list(WorkEntry.objects.order_by("pk").values_list("task__code", flat=True))


def tasks() -> list[Task]:
    return [Task.objects.get(code__iregex=rf"^(#|[a-z]+-){number}$") for number in NUMBERS]


def test_everything_goes_on_leading_to_the_tasks_of_a_project_that_is_renamed(
    system: ModuleType, server: Server
) -> None:
    example, tracker = project_of(system, system.location(server.origin))
    assert ran("update_project", "example").exit_code == 0
    for task in tasks():
        example.entry(f"worked on {task.code}")
        example.entry(external_task=task.url)
        example.entry(f"see {task.url}, please")
        example.entry(external_task=task.code)
    ran("match_project", "example")
    before = list(WorkEntry.objects.order_by("pk").values_list("task", "matched_by"))
    assert all(task for task, _ in before)

    renamed.rename(server)
    for options in ([], ["--full"], []):
        ended = ran("update_project", "example", *options)
        assert ended.exit_code == 0, ended.error
        assert list(WorkEntry.objects.order_by("pk").values_list("task", "matched_by")) == before
    tracker.refresh_from_db()
    assert renamed.NEW[str(system.KIND)] in tracker.pages[-1]
    name = renamed.NEW[str(system.KIND)]
    assert all(name in task.url for task in tasks())


def test_what_has_the_new_name_leads_to_tasks_that_were_read_under_the_old_one(
    system: ModuleType, server: Server
) -> None:
    example, _ = project_of(system, system.location(server.origin))
    ran("update_project", "example")
    old = {task.pk: (task.code, task.url) for task in tasks()}
    renamed.rename(server)
    ran("update_project", "example")  # nothing was changed there, so nothing is read
    assert {task.pk: (task.code, task.url) for task in tasks()} == old
    name = str(system.KIND)
    for code, url in old.values():
        example.entry(external_task=code.replace(renamed.OLD[name], renamed.NEW[name]))
        example.entry(external_task=url.replace(renamed.OLD[name], renamed.NEW[name]))
    ran("match_project", "example")
    assert codes() == [code for code, _ in old.values() for _ in range(2)]


def test_what_has_the_old_name_leads_to_tasks_that_were_never_read_under_it(system: ModuleType, server: Server) -> None:
    renamed.rename(server)
    example, _ = project_of(system, system.location(server.origin))
    assert ran("update_project", "example").exit_code == 0
    name = str(system.KIND)
    for task in tasks():
        example.entry(external_task=task.url.replace(renamed.NEW[name], renamed.OLD[name]))
        example.entry(external_task=task.code.replace(renamed.NEW[name], renamed.OLD[name]))
    ran("match_project", "example")
    assert codes() == [task.code for task in tasks() for _ in range(2)]
    assert not FormerName.objects.exists()
    url, code = WorkEntry.objects.order_by("pk")[:2]
    [told] = explained("--id", str(url.pk))
    assert told["match"]["note"] == f"that is a former url of the task: it is {told['match']['task']['url']} by now"
    [told] = explained("--id", str(code.pk))
    assert ("note" in told["match"]) == (name in ("jira", "youtrack"))


def test_a_location_that_is_brought_up_to_date_forgets_no_name(system: ModuleType, server: Server) -> None:
    example, tracker = project_of(system, system.location(server.origin))
    ran("update_project", "example")
    example.entry(external_task=tasks()[0].url)
    renamed.rename(server)
    name = str(system.KIND)
    location = system.location(server.origin).replace(renamed.OLD[name], renamed.NEW[name])
    Tracker.objects.update(api_location=location)
    ran("update_project", "example")
    tracker.refresh_from_db()
    assert renamed.OLD[name] in tracker.pages[0]
    assert codes() == [tasks()[0].code]


def test_a_dry_run_remembers_no_name(system: ModuleType, server: Server) -> None:
    _, tracker = project_of(system, system.location(server.origin))
    assert ran("update_project", "example", "--dry-run").exit_code == 0
    tracker.refresh_from_db()
    assert (tracker.pages, tracker.project_external_id) == ([], "")
