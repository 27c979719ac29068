import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import pytest
from celery.exceptions import Ignore
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from backend.tracking.kernel.kinds import NameKind
from backend.tracking.models import (
    EntryMatch,
    ExternalUser,
    Organization,
    OrganizationProfile,
    SeenRecord,
    Task,
    Tracker,
    WorkEntry,
    WorkMatch,
    new_id,
)
from backend.tracking.services import former_names, removal
from tasks.tracking.make_demo_organization import MakeDemoOrganization, make_demo_organization
from tasks.tracking.remove_organization import RemoveOrganization, remove_organization
from tests.integration.collection.commands import Ended, ran
from tests.integration.messages import messages, received
from tests.integration.tracking.factories import organization, project, tracker
from tests.integration.tracking.test_make_demo_organization import MODELS, everything
from tests.operations.scripted import rewind
from upkeep.operations import runner, subjects, submission
from upkeep.operations.errors import HandOver
from upkeep.operations.leases import claims
from upkeep.operations.models import Run, RunChange, RunLog
from upkeep.operations.submission import enqueue

pytestmark = pytest.mark.django_db(
    transaction=True, available_apps=["upkeep.operations", "backend.accounts", "backend.tracking", "tasks"]
)
SMALL = ("--tasks", "12", "--work-entries", "100")


def demo(code: str = "demo") -> Organization:
    ran("make_demo_organization", "--code", code, *SMALL)
    return Organization.objects.get(code=code)


def removed(code: str = "demo", *options: str) -> Ended:
    return ran("remove_organization", code, *(options or ("--no-input",)))


def test_everything_of_an_organization_goes_and_another_one_stays_as_it_is() -> None:
    demo("other")
    before = everything()
    demo()
    rules = WorkMatch.objects.filter(tracker__project__organization__code="demo")
    tasks = Task.objects.filter(tracker__project__organization__code="demo")
    for entry in WorkEntry.objects.filter(tracker__project__organization__code="demo").select_related("tracker"):
        EntryMatch.objects.create(entry=entry, project_id=entry.tracker.project_id, task=tasks[0], matched_by=rules[0])
    SeenRecord.objects.create(tracker=tasks[0].tracker, external_id="7", run_id=new_id())
    former_names.keep([(tasks[0].pk, tasks[0].tracker_id, NameKind.CODE, "OLD-1")])
    ended = removed()
    assert (ended.exit_code, ended.counts["deleted"]) == (0, ended.counts["processed"])
    assert everything() == before
    assert not SeenRecord.objects.exists()


def test_what_goes_is_told_by_kind_and_a_dry_run_tells_the_same() -> None:
    demo()
    before = everything()
    dry = removed("demo", "--dry-run")
    assert everything() == before
    real = removed()
    assert "work entries: 100" in real.report
    assert {line.partition(":")[0] for line in real.report} == {
        "work entries", "assignees of tasks", "tasks", "rules", "external users", "trackers", "projects",
        "user mappings", "demo users", "runs", "organization",
    }  # fmt: skip
    assert real.outcome["result"]["removed"] == dict(dry.outcome["result"]["removed"], runs=2)  # the dry run goes, too
    assert sum(real.outcome["result"]["removed"].values()) == real.counts["processed"]


def test_a_dry_run_names_what_would_go_and_of_what_is_gone_no_name_is_kept() -> None:
    demo()
    title, username = Task.objects.order_by("pk")[0].title, ExternalUser.objects.order_by("pk")[0].username
    text = WorkEntry.objects.exclude(text="").order_by("pk")[0].text
    told = repr(list(removed("demo", "--dry-run").run.changes.values()))
    assert all(name in told for name in (title, username, text))
    real = removed().run
    told = repr([*Run.objects.values(), *RunChange.objects.values(), *RunLog.objects.values()])
    assert real.changes.count() > 100
    assert not [name for name in (title, username, text) if name in told]


def test_without_the_code_typed_nothing_is_touched() -> None:
    demo()
    before = everything()
    assert removed("demo", "--json").exit_code == 2
    with pytest.raises(Exception, match="needs confirm='demo', not 'dmeo'"):
        runner.execute(remove_organization, RemoveOrganization(organization="demo"), confirm="dmeo")
    assert everything() == before


def test_the_question_says_what_would_go(monkeypatch: pytest.MonkeyPatch) -> None:
    demo()

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("demo\n"))
    told = StringIO()
    call_command("remove_organization", "demo", stdout=StringIO(), stderr=told)
    assert re.search(r"work entries: 100\n.*Type 'demo' to continue: ", told.getvalue(), re.DOTALL)
    assert not Organization.objects.exists()


def test_a_misspelt_code_gets_a_suggestion() -> None:
    organization("acme")
    with pytest.raises(CommandError, match="there is no organization 'acne': did you mean 'acme'\\?"):
        call_command("remove_organization", "acne", "--no-input", stdout=StringIO())


def test_users_stay_but_for_those_of_a_demo_who_are_members_nowhere_else() -> None:
    doomed, users = demo(), get_user_model().objects
    mine = users.create_user("demo-me", email="me@demo.example", password="correct-horse-42")
    stranger = users.create_user("demo-stranger", email="stranger@demo.example")
    OrganizationProfile.objects.create(organization=doomed, user=mine)
    elsewhere = users.filter(username__startswith="demo-").exclude(pk__in=[mine.pk, stranger.pk]).order_by("pk")[0]
    OrganizationProfile.objects.create(organization=organization("acme"), user=elsewhere)
    result = removed().outcome["result"]["removed"]
    assert (result["demo users"], result["memberships"]) == (4, 2)
    assert set(users.all()) == {mine, stranger, elsewhere}


def test_its_runs_go_with_their_changes_and_logs_and_the_removal_stays() -> None:
    demo("other")
    elsewhere = WorkEntry.objects.order_by("pk")[0]
    ran("explain_work_entry", "--id", str(elsewhere.pk))
    others = set(Run.objects.values_list("pk", flat=True))
    demo()
    ran("make_demo_organization", "--code", "demo", "--seed", "9")
    updated = Run.objects.create(operation="tracking.update_organization", status="failed")
    subjects.note([updated.pk], ["organization:demo"])
    RunLog.objects.create(run=updated, at=updated.created_at, message="a line")
    Run.objects.create(
        operation="tracking.match_project", status="succeeded", params={"organization": "demo"}, parent=updated
    )
    entry = WorkEntry.objects.filter(tracker__project__organization__code="demo").order_by("pk")[0]
    ran("explain_work_entry", "--id", str(entry.pk))
    ended = removed()
    assert set(Run.objects.values_list("pk", flat=True)) == others | {ended.run.pk}
    assert not RunLog.objects.exists()
    assert set(RunChange.objects.values_list("run", flat=True)) <= others | {ended.run.pk}
    assert ended.outcome["result"]["removed"]["runs"] == 4


def test_a_queued_run_of_it_is_cancelled_and_its_message_makes_no_new_one(broker: str) -> None:
    messages(broker)
    demo()
    queued = enqueue(make_demo_organization, MakeDemoOrganization(code="demo", tasks=1))
    ended = removed()
    assert ended.run.changes.get(key=str(queued.pk)).fields == {"status": ["queued", "cancelled"]}
    for headers, body in messages(broker):
        with pytest.raises(Ignore):
            received(headers["task"], headers["id"], body[1], headers)
    assert set(Run.objects.all()) == {ended.run}


def test_a_run_that_somebody_is_carrying_out_is_left_to_them() -> None:
    demo()
    running = Run.objects.create(operation="tracking.match_project", status="running")
    subjects.note([running.pk], ["organization:demo"])
    ended = removed()
    assert (ended.exit_code, ended.reasons) == (0, {"running": 1})
    assert Run.objects.filter(pk=running.pk).exists()


@pytest.mark.parametrize("stop_at", [1, 6])
def test_a_removal_that_is_stopped_goes_on_and_tells_the_whole(monkeypatch: pytest.MonkeyPatch, stop_at: int) -> None:
    demo()
    expected = removed("demo", "--dry-run").outcome["result"]["removed"]
    delete, calls = removal.delete, iter(range(1, 100))

    def stopping(model: Any, changes: Sequence[Any]) -> None:
        if next(calls) == stop_at:
            raise HandOver
        delete(model, changes)

    monkeypatch.setattr(removal, "delete", stopping)
    params = RemoveOrganization(organization="demo")
    run = submission.record(remove_organization, params, confirm="demo", queue="default")
    while attempt := claims.claim(run.pk):
        runner.carry_out(run.pk, attempt)
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert run.result["removed"] == dict(expected, runs=2)
    assert not any(model._default_manager.exists() for model in MODELS)


def test_a_removal_that_is_interrupted_after_its_last_commit_succeeds() -> None:
    demo()
    run = submission.record(
        remove_organization, RemoveOrganization(organization="demo"), confirm="demo", queue="default"
    )
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    rewind(run.pk, status="queued", result={})
    attempt = claims.claim(run.pk)
    assert attempt
    outcome = runner.carry_out(run.pk, attempt)
    assert (outcome.status, outcome.result["removed"]["organization"]) == ("succeeded", 1)


def test_an_organization_without_anything_goes_too() -> None:
    tracker(project(organization("acme")), "code", token="geheim")
    assert removed("acme").exit_code == 0
    assert not Tracker.objects.exists()


def test_it_shares_its_key_with_whatever_else_changes_the_organization() -> None:
    assert remove_organization.exclusive_key(RemoveOrganization(organization="demo")) == "organization:demo"
    assert make_demo_organization.exclusive_key(MakeDemoOrganization()) == "organization:demo"
