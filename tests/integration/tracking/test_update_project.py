import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model, Value
from django.db.models.functions import Concat
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from redis import Redis

from backend.tracking.models import (
    ExternalUser,
    SeenRecord,
    Task,
    TaskAssignee,
    Tracker,
    WorkEntry,
    WorkMatch,
    new_id,
)
from backend.tracking.services.downloads import Download
from backend.tracking.services.matching import ProjectMatching
from tasks.tracking.update_project import UpdateProject, update_project
from tests.integration.collection.commands import ran
from tests.integration.messages import messages
from tests.integration.tracking.factories import api_tracker, organization, project
from tests.operations.scripted import rewind
from tests.servers.trackers import clockodo, github, gitlab, jira, kimai, toggl, work, youtrack
from upkeep.operations import runner, submission
from upkeep.operations.errors import HandOver
from upkeep.operations.leases import claims
from upkeep.operations.models import Run, RunChange, RunLog
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

TABLES: tuple[type[Model], ...] = (Task, TaskAssignee, WorkEntry, ExternalUser, SeenRecord, Tracker)
RECORDS = 250


@pytest.fixture(scope="module")
def code_process() -> Iterator[Server]:
    with github.server(records=RECORDS) as server:
        yield server


@pytest.fixture
def code(code_process: Server) -> Server:
    """A GitHub with 250 issues."""
    code_process.fail({})
    return code_process


@pytest.fixture(scope="module")
def smaller() -> Iterator[Server]:
    """The same GitHub after its last 10 issues were deleted."""
    with github.server(records=RECORDS - 10) as server:
        yield server


@pytest.fixture(scope="module")
def hours() -> Iterator[Server]:
    with kimai.server(records=120) as server:
        yield server


def of_github(server: Server, **fields: Any) -> Tracker:
    return api_tracker(github.KIND, github.location(server.origin), token=github.TOKEN, **fields)


def of_kimai(server: Server, **fields: Any) -> Tracker:
    return api_tracker(kimai.KIND, kimai.location(server.origin), token=kimai.TOKEN, username=kimai.USERNAME, **fields)


def dump() -> dict[str, list[dict[str, Any]]]:
    """Everything that is stored, but when it was downloaded."""
    rows = {model.__name__: list(model._default_manager.order_by("pk").values()) for model in TABLES}
    for tracker in rows["Tracker"]:
        del tracker["downloaded_at"]
    return rows


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that write to tables of the domain."""
    found: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        if "tracking_" in sql and sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            found.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield found


def test_tasks_and_work_are_downloaded_with_their_people(code: Server, hours: Server) -> None:
    of_github(code)
    of_kimai(hours)
    ended = ran("update_project", "acme")
    assert ended.exit_code == 0, ended.error
    for number in (1, 2, RECORDS):
        wanted = github.expected(number)
        task = Task.objects.get(external_id=wanted.external_id)
        assert (task.code, task.title, task.closed_at) == (wanted.code, wanted.title, wanted.closed_at)
        assert {user.username for user in task.assignees.all()} == {person.username for person in wanted.assignees}
    assert Task.objects.count() == RECORDS
    entry = kimai.expected(1)
    stored = WorkEntry.objects.get(external_id=entry.external_id)
    assert (stored.breadcrumb, stored.started_at, stored.duration) == (
        entry.breadcrumb,
        entry.started_at,
        entry.duration,
    )
    assert stored.external_user
    assert entry.person
    assert stored.external_user.username == entry.person.username


def test_what_was_downloaded_is_matched_unless_that_is_not_wanted(code: Server, hours: Server) -> None:
    tasks = of_github(code)
    of_kimai(hours)
    WorkMatch.objects.create(tracker=tasks, match_on="always_to_task", target_task="#1")
    assert ran("update_project", "acme", "--no-match").outcome["result"] == {}
    assert not WorkEntry.objects.filter(match__task__isnull=False).exists()
    assert ran("update_project", "acme").outcome["result"]["matching"]["shop"]["unmatched"] == 0
    assert not WorkEntry.objects.exclude(match__task__code="#1").exists()


def test_answers_are_kept_but_by_a_dry_run(code: Server, folder: Path) -> None:
    of_github(code)
    ran("update_project", "acme", "--no-match", "--dry-run")
    assert not [path for path in folder.rglob("*") if path.is_file()]
    ran("update_project", "acme", "--no-match")
    before = code.stats().by_status
    ran("update_project", "acme", "--no-match", "--full")
    after = code.stats().by_status
    assert after["304"] - before.get("304", 0) > 2
    assert after["200"] == before["200"]


def test_the_rate_is_shared_in_the_redis_of_the_settings(code: Server, redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = redis_url
    of_github(code)
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        redis.flushdb()
        ran("update_project", "acme", "--no-match")
        assert redis.keys("upkeep:pace:*") == [f"upkeep:pace:{code.origin.removeprefix('http://')}"]


def test_a_place_that_is_hidden_is_told_though_a_list_would_come(code: Server) -> None:
    of_github(code)
    code.fail({f"{github.PATH}/repos/{github.REPOSITORY}": faults.status(404)})
    ended = ran("update_project", "acme", "--no-match")
    assert f"GitHub has no repository {github.REPOSITORY}" in ended.outcome["error"]
    assert not Task.objects.exists()


def test_a_position_is_not_kept_for_another_place(code: Server) -> None:
    tracker = of_github(code)
    reading = Download(tracker, new_id(), full=False, dry_run=False)
    Tracker.objects.filter(pk=tracker.pk).update(api_location="https://github.com/some/where")
    reading.write([], cursor="here 7")
    assert Tracker.objects.get().position == ""
    Tracker.objects.filter(pk=tracker.pk).update(api_location=tracker.api_location)
    reading.write([], cursor="here 7")
    assert Tracker.objects.get().position == "7"


def test_a_second_time_only_what_may_have_changed_is_asked_for_and_nothing_is_written(code: Server) -> None:
    of_github(code)
    first = ran("update_project", "acme", "--no-match")
    assert first.counts == {"processed": RECORDS, "created": RECORDS}
    before, asked = dump(), code.stats().requests
    second = ran("update_project", "acme", "--no-match")
    assert second.counts["processed"] == second.counts["unchanged"] < RECORDS
    assert code.stats().requests - asked < 5
    assert dump() == before


def test_everything_read_again_changes_nothing_either(code: Server) -> None:
    of_github(code)
    ran("update_project", "acme", "--no-match")
    before = dump()
    assert ran("update_project", "acme", "--full", "--no-match").counts == {
        "processed": RECORDS,
        "unchanged": RECORDS,
    }
    assert dump() == before


def test_a_changed_task_keeps_its_id(code: Server) -> None:
    of_github(code)
    ran("update_project", "acme", "--no-match")
    task = Task.objects.get(external_id=github.expected(5).external_id)
    Task.objects.filter(pk=task.pk).update(title="Another title")
    assert ran("update_project", "acme", "--full", "--no-match").counts["updated"] == 1
    assert Task.objects.get(pk=task.pk).title == github.expected(5).title


def test_what_is_gone_from_the_tracker_is_removed_by_a_complete_download_alone(code: Server, smaller: Server) -> None:
    tracker = of_github(code)
    ran("update_project", "acme", "--no-match")
    Tracker.objects.filter(pk=tracker.pk).update(api_location=github.location(smaller.origin))
    assert "deleted" not in ran("update_project", "acme", "--no-match").counts
    preview = ran("update_project", "acme", "--full", "--no-match", "--dry-run")
    assert preview.counts == {"processed": RECORDS, "unchanged": RECORDS - 10, "deleted": 10}
    assert Task.objects.count() == RECORDS
    assert ran("update_project", "acme", "--full", "--no-match").counts == preview.counts
    assert Task.objects.count() == RECORDS - 10
    assert not SeenRecord.objects.exists()


def test_a_complete_download_that_fails_removes_nothing(code: Server, smaller: Server) -> None:
    tracker = of_github(code)
    ran("update_project", "acme", "--no-match")
    Tracker.objects.filter(pk=tracker.pk).update(api_location=github.location(smaller.origin))
    smaller.fail({"list": faults.later(faults.status(404), after=2)})
    assert ran("update_project", "acme", "--full", "--no-match").exit_code == 1
    smaller.fail({})
    assert Task.objects.count() == RECORDS


def test_a_complete_download_that_brings_nothing_at_all_removes_nothing(code: Server) -> None:
    tracker = of_github(code)
    ran("update_project", "acme", "--no-match")
    with github.server(records=0) as empty:
        Tracker.objects.filter(pk=tracker.pk).update(api_location=github.location(empty.origin))
        ended = ran("update_project", "acme", "--full", "--no-match")
    assert ended.exit_code == 1
    assert "github brought nothing at all" in ended.outcome["error"]
    assert Task.objects.count() == RECORDS


def test_a_complete_download_with_records_of_no_id_removes_nothing(code: Server) -> None:
    of_github(code)
    ran("update_project", "acme", "--no-match")
    nameless = [{"title": "An issue without an id", "number": 1, "updated_at": "2026-01-01T00:00:00Z"}]
    code.fail({"list": faults.text(json.dumps(nameless))})
    caches["downloads"].clear()  # the stand-in has the same ETag for whatever it sends
    ended = ran("update_project", "acme", "--full", "--no-match")
    assert ended.counts == {"processed": 1, "failed": 1}
    [line] = ended.run.log.values_list("message", flat=True)
    assert line == "shop/github: nothing was removed: some records have an id that is not understood"
    assert Task.objects.count() == RECORDS
    code.fail({})
    caches["downloads"].clear()
    assert ran("update_project", "acme", "--full", "--no-match").counts == {"processed": RECORDS, "unchanged": RECORDS}


def test_a_complete_download_that_is_resumed_after_another_one_removes_nothing_that_is_there(code: Server) -> None:
    of_github(code)
    code.fail({"list": faults.later(faults.status(404), after=2)})
    failed = ran("update_project", "acme", "--full", "--no-match")
    assert failed.run.status == "failed"
    assert SeenRecord.objects.exists()
    code.fail({})
    assert ran("update_project", "acme", "--full", "--no-match").exit_code == 0
    resumed = ran("resume_run", str(failed.run.pk))
    assert "deleted" not in resumed.counts
    assert Task.objects.count() == RECORDS


def test_a_complete_download_that_dies_before_its_end_is_noted_removes_nothing_that_is_there(code: Server) -> None:
    of_github(code)
    run = submission.record(update_project, UpdateProject(organization="acme", full=True), queue="connectors")
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    assert not SeenRecord.objects.exists()
    # As a crash leaves it right after what was met is forgotten: the last commit is that of the last page.
    run.refresh_from_db()
    steps = {name: state | {"done": False} for name, state in run.steps.items() if name == "shop/github"}
    rewind(run.pk, status="queued", steps=steps, result={})
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    run.refresh_from_db()
    assert (run.status, run.counts["deleted"]) == ("succeeded", 0)
    assert Task.objects.count() == RECORDS


@pytest.mark.parametrize("full", [False, True])
def test_a_run_that_is_handed_over_while_it_matches_goes_on_with_matching(
    code: Server, hours: Server, monkeypatch: pytest.MonkeyPatch, *, full: bool
) -> None:
    of_github(code)
    of_kimai(hours)
    ready, calls = ProjectMatching.matches, count(1)

    def stopping(self: ProjectMatching, *keys: Any, **only: Any) -> Any:
        if next(calls) == 1:
            raise HandOver
        return ready(self, *keys, **only)

    monkeypatch.setattr(ProjectMatching, "matches", stopping)
    run = submission.record(update_project, UpdateProject(organization="acme", full=full), queue="connectors")
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    asked = code.stats().requests
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    run.refresh_from_db()
    assert (run.status, run.counts["failed"]) == ("succeeded", 0)
    assert run.result["matching"]
    assert code.stats().requests == asked


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_work_of_others_is_kept_when_only_that_of_one_person_comes(hours: Server, options: tuple[str, ...]) -> None:
    tracker = of_kimai(hours)
    ran("update_project", "acme", "--no-match")
    stored = WorkEntry.objects.count()
    with kimai.server(records=120, sees_all=False) as own:
        Tracker.objects.filter(pk=tracker.pk).update(api_location=kimai.location(own.origin))
        ended = ran("update_project", "acme", "--no-match", "--full", *options)
    assert ended.exit_code == 0
    assert WorkEntry.objects.count() == stored
    assert "deleted" not in ended.counts
    [line] = ended.run.log.values_list("message", flat=True)
    assert line.startswith("shop/kimai: nothing was removed: only one person's work came")


def test_a_download_of_nothing_says_how_far_it_came() -> None:
    with kimai.server(records=0) as empty:
        of_kimai(empty)
        ran("update_project", "acme", "--no-match", "--dry-run")
        assert Tracker.objects.get().position == ""
        ran("update_project", "acme", "--no-match")
        assert Tracker.objects.get().position


@pytest.mark.parametrize("full", [False, True])
def test_a_resumed_run_reads_from_the_start_of_another_place(code: Server, smaller: Server, *, full: bool) -> None:
    tracker = of_github(code)
    code.fail({"list": faults.later(faults.status(404), after=2)})
    failed = ran("update_project", "acme", "--no-match", *["--full"] * full)
    Tracker.objects.filter(pk=tracker.pk).update(api_location=github.location(smaller.origin), position="")
    Task.objects.all().delete()
    resumed = ran("resume_run", str(failed.run.pk))
    assert resumed.exit_code == 0
    assert Task.objects.count() == RECORDS - 10


def test_who_has_another_name_by_now_is_noticed_though_no_record_changed(hours: Server) -> None:
    of_kimai(hours)
    ran("update_project", "acme", "--no-match")
    person = ExternalUser.objects.exclude(name="").order_by("pk")[0]
    named = person.name
    ExternalUser.objects.filter(pk=person.pk).update(name="another")
    assert "updated" not in ran("update_project", "acme", "--no-match", "--full").counts
    person.refresh_from_db()
    assert person.name == named


@pytest.mark.parametrize("kind", [github, gitlab, youtrack, jira, kimai, clockodo, toggl], ids=lambda kind: kind.KIND)
def test_a_renamed_person_keeps_the_work_and_the_tasks(kind: ModuleType) -> None:
    with kind.server(records=30) as server:
        api_tracker(kind.KIND, kind.location(server.origin), token=kind.TOKEN, username=kind.USERNAME)
        ran("update_project", "acme", "--no-match")
        before = {external.pk: external.username for external in ExternalUser.objects.all()}
        ExternalUser.objects.update(username=Concat("external_id", Value(" before")))
        ended = ran("update_project", "acme", "--no-match", "--full")
    assert "updated" not in ended.counts
    assert "created" not in ended.counts
    assert {external.pk: external.username for external in ExternalUser.objects.all()} == before


@pytest.mark.parametrize("kind", [clockodo, toggl], ids=lambda kind: kind.KIND)
def test_who_was_stored_by_name_is_joined_to_their_id_with_their_work(kind: ModuleType) -> None:
    with kind.server(records=30) as server:
        api_tracker(kind.KIND, kind.location(server.origin), token=kind.TOKEN, username=kind.USERNAME)
        ran("update_project", "acme", "--no-match")
        before = dump()
        ExternalUser.objects.update(external_id="")
        ran("update_project", "acme", "--no-match", "--full")
    assert dump() == before


def test_namesakes_are_two_people_from_their_first_entries_on() -> None:
    with clockodo.server(records=30, namesakes=True) as server:
        of_clockodo = api_tracker(
            clockodo.KIND, clockodo.location(server.origin), token=clockodo.TOKEN, username=clockodo.USERNAME
        )
        ran("update_project", "acme", "--no-match")
    assert {external.username for external in of_clockodo.external_users.all()} == {"Ada L."}
    for number in range(3, 30):
        worked = WorkEntry.objects.get(external_id=clockodo.expected(number).external_id)
        assert worked.external_user
        assert worked.external_user.external_id == str(work.worker(number).id)


def test_a_tracker_that_fails_in_the_middle_keeps_what_was_committed_and_goes_on_from_there(code: Server) -> None:
    of_github(code)
    code.fail({"list": faults.later(faults.status(404), after=2)})
    ended = ran("update_project", "acme", "--no-match")
    assert ended.exit_code == 1
    stored = Task.objects.count()
    assert 0 < stored < RECORDS
    assert (ended.counts["created"], ended.counts["failed"]) == (stored, 1)
    code.fail({})
    ended = ran("update_project", "acme", "--no-match")
    assert ended.exit_code == 0
    assert ended.counts["created"] == RECORDS - stored
    assert ended.counts.get("unchanged", 0) < stored / 2


def test_a_tracker_that_refuses_its_token_is_told_and_the_others_go_on(code: Server, hours: Server) -> None:
    api_tracker(github.KIND, github.location(code.origin), token="wrong")
    of_kimai(hours)
    ended = ran("update_project", "acme", "--no-match")
    assert ended.exit_code == 3
    assert (ended.counts["failed"], ended.reasons["step_failed"]) == (1, 1)
    [line] = ended.run.log.values_list("message", flat=True)
    assert line.startswith("shop/github: ")
    assert "wrong" not in line
    assert WorkEntry.objects.exists()


def test_a_run_fails_when_every_tracker_did(code: Server) -> None:
    api_tracker(github.KIND, github.location(code.origin), token="wrong")
    api_tracker(github.KIND, "http://127.0.0.1:1/someone/anything", token=github.TOKEN, name="elsewhere")
    ended = ran("update_project", "acme")
    assert (ended.exit_code, ended.outcome["status"]) == (1, "failed")
    assert "shop/github: " in ended.outcome["error"]
    assert "shop/elsewhere: " in ended.outcome["error"]


def test_a_dry_run_downloads_and_writes_no_row(code: Server, hours: Server) -> None:
    of_github(code)
    of_kimai(hours)
    before = dump()
    with writes() as written:
        ended = ran("update_project", "acme", "--dry-run", "--full")
    assert ended.counts["created"] > RECORDS
    assert written == []
    assert dump() == before


def test_a_running_timer_is_skipped(hours: Server) -> None:
    of_kimai(hours)
    ended = ran("update_project", "acme", "--no-match")
    assert ended.reasons["running"] >= 1
    assert ended.counts["processed"] == ended.counts["created"] + ended.counts["skipped"]


def test_an_assignee_who_is_gone_is_kept_as_a_former_one(code: Server) -> None:
    of_github(code)
    ran("update_project", "acme", "--no-match")
    task = next(task for task in Task.objects.all() if task.assignees.count() == 0)
    ada = ExternalUser.objects.create(tracker=task.tracker, username="left the company")
    TaskAssignee.objects.create(task=task, external_user=ada, known_since=timezone.now())
    assert ran("update_project", "acme", "--full", "--no-match").counts["updated"] == 1
    [assignee] = task.task_assignees.all()
    assert not assignee.is_current


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["acmee"], "there is no organization 'acmee': did you mean 'acme'?"),
        (["acme", "shp"], "there is no project 'shp' in organization 'acme': did you mean 'shop'?"),
    ],
)
def test_a_misspelt_code_is_asked_back(arguments: list[str], told: str) -> None:
    project()
    ended = ran("update_project", *arguments)
    assert (ended.exit_code, ended.error) == (1, told)


def test_without_an_organization_there_is_a_run_for_each_and_never_two_waiting(broker: str) -> None:  # noqa: ARG001
    organization("acme")
    organization("bolt")
    assert ran("update_project", "--full").counts == {"processed": 2, "created": 2}
    queued = Run.objects.filter(status="queued").order_by("params__organization")
    assert [(run.params["organization"], run.params["full"], run.exclusive_key) for run in queued] == [
        ("acme", True, "organization:acme"),
        ("bolt", True, "organization:bolt"),
    ]
    Run.objects.filter(pk=queued[0].pk).update(dry_run=True)
    assert ran("update_project", "--full").counts == {"processed": 2, "created": 1, "skipped": 1}
    again = ran("update_project", "--full")
    assert (again.counts, again.reasons) == ({"processed": 2, "skipped": 2}, {"already_queued": 2})


def test_no_token_is_told_anywhere(  # noqa: PLR0913, PLR0917 - wherever it might be told
    code: Server,
    hours: Server,
    broker: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "tk-5up3r-s3cr3t"
    of_github(code)
    api_tracker(github.KIND, github.location(code.origin), token=secret, name="refused")
    of_kimai(hours)
    for options in (["--verbose"], ["--full", "--verbose"], ["--json"]):
        with pytest.raises(CommandError) as error:
            call_command("update_project", "acme", *options)
        assert secret not in repr(error.value)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("update_project", "acme", "--enqueue")
    sent = messages(broker, "connectors")
    assert len(sent) == 1
    out = capfd.readouterr()
    told = [out.out, out.err, caplog.text, repr(sent)]
    told += [str(row) for model in (Run, RunChange, RunLog) for row in model.objects.values()]
    for token in (secret, github.TOKEN, kimai.TOKEN):
        assert not [text for text in told if token in text]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tracking_tracker t WHERE t::text LIKE %s", [f"%{token}%"])
            assert cursor.fetchone() == (0,)
