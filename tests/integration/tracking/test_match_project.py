from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from pytest_django import Settings

from backend.tracking.models import EntryMatch, ExternalUser, OrganizationProfile, Task, WorkEntry, WorkMatch
from backend.tracking.services import matching
from backend.tracking.services.matching import ProjectMatching
from backend.tracking.services.owners import ProjectOwners
from tasks.tracking.match_project import MatchProject, match_project
from tests.integration.collection.commands import ran
from tests.integration.tracking.projects import COMMITTED, MONDAY, Example, matched, owner
from upkeep.operations import runner
from upkeep.operations.models import Run
from upkeep.operations.plans import Change

pytestmark = COMMITTED
CODE = r"^(?P<task_code>#\d+).*"


@pytest.fixture
def example() -> Example:
    """A project with the rules that most have: a code, or else anything is for `various`."""
    example = Example()
    example.task("various", external_id="")
    example.rule("pattern_to_task_code", text_pattern=CODE, priority=100)
    example.rule("always_to_task", target_task="various", priority=1)
    return example


def versions() -> list[str]:
    """Of all entries; another one after a row was written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM tracking_entrymatch ORDER BY entry_id")
        return [version for (version,) in cursor.fetchall()]


def test_entries_are_matched_by_the_first_rule_that_leads_to_a_task(example: Example) -> None:
    code, always = WorkMatch.objects.order_by("-priority")
    example.task("#1")
    entries = [example.entry(text) for text in ("#1 started", "#2 is no task", "lunch")]
    ended = ran("match_project", "example")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 3, "updated": 3})
    assert [matched(entry) for entry in entries] == [("#1", code), ("various", always), ("various", always)]


def test_it_reports_how_many_each_rule_matched(example: Example) -> None:
    example.task("#1")
    for text in ("#1 started", "#2 is no task", "lunch"):
        example.entry(text)
    WorkMatch.objects.filter(match_on="always_to_task").update(source_work_trackers=["elsewhere"])
    ended = ran("match_project", "example")
    assert ended.report[:4] == [
        "app: 1 of 3 work entries matched",
        f'  1 by "pattern_to_task_code {CODE}" of tasks',
        '  0 by "always_to_task various" of tasks',
        "  2 by none",
    ]
    told = ended.outcome["result"]["matching"]["app"]
    assert (told["matched"], told["unmatched"]) == (1, 2)
    assert [rule["matched"] for rule in told["rules"]] == [1, 0]


def test_who_became_a_member_owns_what_they_worked_for(example: Example) -> None:
    task = example.task("#1")
    person = ExternalUser.objects.create(tracker=example.hours, username="x", email="eve@example.com")
    example.entry("#1 work", external_user=person)
    assert ran("match_project", "example").exit_code == 0
    assert owner(task) is None
    eve = get_user_model().objects.create(username="eve", email="eve@example.com")
    OrganizationProfile.objects.create(organization=example.organization, user=eve)
    ran("match_project", "example", "--dry-run")
    person.refresh_from_db()
    assert person.user is None
    ended = ran("match_project", "example")
    assert "1 people of its trackers are now other users" in ended.report
    assert owner(task) == "eve"


def test_matching_again_writes_no_row(example: Example) -> None:
    example.task("#1")
    person = example.person("ann")
    for number in range(20):
        example.entry(f"#{number % 3} work", external_user=person)
    ran("match_project", "example")
    before = versions()
    ended = ran("match_project", "example")
    assert ended.counts == {"processed": 20, "unchanged": 20}
    assert versions() == before


def test_only_what_changed_is_written(example: Example) -> None:
    entries = [example.entry("#1 started"), example.entry("lunch")]
    ran("match_project", "example")
    example.task("#1")
    ended = ran("match_project", "example")
    assert ended.counts == {"processed": 2, "updated": 1, "unchanged": 1}
    assert [matched(entry)[0] for entry in entries] == ["#1", "various"]
    Task.objects.filter(code="#1").delete()
    WorkMatch.objects.all().delete()
    assert ran("match_project", "example").counts == {"processed": 2, "updated": 1, "unchanged": 1}
    assert [matched(entry) for entry in entries] == [(None, None), (None, None)]


def test_each_change_is_recorded_with_codes_and_rules(example: Example) -> None:
    entry = example.entry("#1 started", started_at=MONDAY)
    ran("match_project", "example")
    example.task("#1")
    change = ran("match_project", "example").run.changes.get()
    assert (change.key, change.label) == (str(entry.pk), "#1 started (2026-01-05 09:00)")
    rules = ["always_to_task various", f"pattern_to_task_code {CODE}"]
    assert change.fields == {"task": ["various", "#1"], "rule": rules}


def test_what_is_not_recorded_any_more_is_written_and_counted(example: Example, settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": 0}
    entries = [example.entry("lunch") for _ in range(3)]
    ended = ran("match_project", "example")
    assert (ended.counts, ended.run.changes.count()) == ({"processed": 3, "updated": 3}, 0)
    assert [matched(entry)[0] for entry in entries] == ["various"] * 3


def test_a_dry_run_tells_the_same_and_writes_nothing(example: Example) -> None:
    example.task("#1")
    entries = [example.entry("#1 started"), example.entry("lunch")]
    before = versions()
    dry = ran("match_project", "example", "--dry-run")
    assert (versions(), [matched(entry)[0] for entry in entries]) == (before, [None, None])
    real = ran("match_project", "example")
    assert dry.counts == real.counts == {"processed": 2, "updated": 2}
    assert dry.outcome["result"] == real.outcome["result"]
    fields = [list(ended.run.changes.values_list("key", "label", "fields")) for ended in (dry, real)]
    assert fields[0] == fields[1]


def test_rules_are_tried_by_priority_then_by_tracker_then_by_place() -> None:
    example = Example()
    for tracker in (example.tasks, example.hours):
        for code in ("first", "second"):
            example.task(code, tracker)
    entry = example.entry("work")

    def found() -> tuple[str, str]:
        ran("match_project", "example")
        task = WorkEntry.objects.get(pk=entry.pk).task
        assert task
        return task.tracker.name, task.code

    example.rule("always_to_task", example.hours, target_task="first", place=0)
    assert found() == ("hours", "first")
    example.rule("always_to_task", target_task="second", place=1)
    assert found() == ("tasks", "second")
    example.rule("always_to_task", target_task="first", place=0)
    assert found() == ("tasks", "first")
    example.rule("always_to_task", example.hours, target_task="second", place=5, priority=7)
    assert found() == ("hours", "second")


def test_a_rule_leads_to_tasks_of_its_own_tracker_alone() -> None:
    example, other = Example(), Example(code="other")
    other.task("#1")
    example.task("#1", example.hours)
    example.rule("pattern_to_task_code", text_pattern=CODE)
    entry = example.entry("#1")
    ran("match_project", "example")
    assert matched(entry) == (None, None)


def test_of_two_tasks_with_one_code_the_declared_one_is_meant_then_the_oldest(example: Example) -> None:
    older, newer = example.task("#1", external_id="2"), example.task("#1", external_id="1")
    entry = example.entry("#1 started")
    ran("match_project", "example")
    assert EntryMatch.objects.get(pk=entry.pk).task_id == min(older.pk, newer.pk)
    declared = example.task("#1", external_id="")
    ran("match_project", "example")
    assert EntryMatch.objects.get(pk=entry.pk).task_id == declared.pk


def test_the_task_that_the_tracker_names_is_found_by_id_or_url() -> None:
    example = Example()
    example.task("#1", external_id="77")
    example.task("#2", url="https://tasks.example/2")
    example.rule("external_task_id_to_task_external_id")
    example.rule("external_task_id_to_task_url")
    entries = [example.entry(external_task=named) for named in ("77", "https://tasks.example/2", "", "#1")]
    ran("match_project", "example")
    assert [matched(entry)[0] for entry in entries] == ["#1", "#2", None, None]


def test_a_match_by_a_rule_that_is_gone_is_put_right(example: Example) -> None:
    entry = example.entry("lunch")
    ran("match_project", "example")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tracking_workmatch WHERE target_task = 'various'")
    Task.objects.all().delete()
    assert ran("match_project", "example").counts == {"processed": 1, "updated": 1}
    assert WorkEntry.objects.get(pk=entry.pk).matched_by is None


def test_one_project_may_be_matched_alone() -> None:
    entries = []
    for code in ("app", "web"):
        example = Example(code=code)
        example.task("various")
        example.rule("always_to_task", target_task="various")
        entries.append(example.entry("work"))
    assert ran("match_project", "example", "web").counts == {"processed": 1, "updated": 1}
    assert [matched(entry)[0] for entry in entries] == [None, "various"]
    ended = ran("match_project", "example")
    assert ended.counts == {"processed": 2, "updated": 1, "unchanged": 1}
    assert ended.report[-1] == "2 matched, 0 unmatched in all"


@pytest.mark.usefixtures("example")
def test_what_does_not_exist_is_told_with_what_does() -> None:
    ended = ran("match_project", "exampel")
    assert (ended.exit_code, ended.error) == (1, "there is no organization 'exampel': did you mean 'example'?")
    assert "did you mean 'example'?" in ran("match_project", "EXAMPLE").error
    assert "did you mean 'app'?" in ran("match_project", "example", "ap").error
    assert ran("match_project", "acme").error == "there is no organization 'acme': there is example"


def test_a_pattern_that_does_not_compile_is_told_before_any_work(example: Example) -> None:
    other = Example(code="web")
    other.rule("pattern_to_task", text_pattern="a(", target_task="x")
    entry = example.entry("lunch")
    ended = ran("match_project", "example")
    assert ended.exit_code == 1
    assert ended.error == 'rule "pattern_to_task a( x" of tasks: missing ): a('
    assert (ended.counts, matched(entry)) == ({}, (None, None))


def test_runs_of_an_organization_share_a_key() -> None:
    assert match_project.exclusive_key(MatchProject(organization="example", project="app")) == "organization:example"


# ---- entries and tasks that change meanwhile


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let somebody act once, after entries were read and before they are written."""
    plain = ProjectMatching.write_params
    left = [act]

    def acted(self: ProjectMatching, matches: matching.Matches) -> dict[str, object]:
        while left:
            left.pop()()
        return plain(self, matches)

    monkeypatch.setattr(ProjectMatching, "write_params", acted)


@pytest.mark.parametrize("most", [0, 100])
def test_an_entry_that_somebody_changed_meanwhile_is_left_alone(
    example: Example, monkeypatch: pytest.MonkeyPatch, settings: Settings, most: int
) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": most}
    example.task("#1")
    entries = [example.entry("lunch"), example.entry("lunch")]
    meanwhile(monkeypatch, lambda: WorkEntry.objects.filter(pk=entries[0].pk).update(text="#1 rather"))
    assert ran("match_project", "example").counts == {"processed": 2, "updated": 1, "unchanged": 1}
    assert [matched(entry)[0] for entry in entries] == [None, "various"]
    assert ran("match_project", "example").counts == {"processed": 2, "updated": 1, "unchanged": 1}
    assert [matched(entry)[0] for entry in entries] == ["#1", "various"]


def test_an_entry_whose_task_is_deleted_meanwhile_is_left_to_the_next_matching(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    example.task("#1")
    entries = [example.entry(text) for text in ("lunch", "#1 started", "lunch")]
    meanwhile(monkeypatch, Task.objects.filter(code="#1").delete)
    assert ran("match_project", "example").counts == {"processed": 3, "updated": 2, "unchanged": 1}
    assert [matched(entry)[0] for entry in entries] == ["various", None, "various"]
    ran("match_project", "example")
    assert [matched(entry)[0] for entry in entries] == ["various"] * 3


def test_a_run_that_is_taken_up_again_tells_of_all_entries(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upkeep.operations.steps.MAX_ROWS", 100)
    for _ in range(300):
        example.entry("lunch")
    plain, batches = ProjectMatching.write_params, []

    def failing(self: ProjectMatching, matches: matching.Matches) -> dict[str, object]:
        batches.append(matches)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return plain(self, matches)

    monkeypatch.setattr(ProjectMatching, "write_params", failing)
    outcome = runner.execute(match_project, MatchProject(organization="example"))
    assert (outcome.status, outcome.counts["processed"]) == ("cancelled", 100)
    ended = ran("resume_run", str(outcome.run))
    assert ended.counts == {"processed": 300, "updated": 300}
    assert ended.outcome["result"]["matching"]["app"]["matched"] == 300
    assert Run.objects.count() == 1


# ---- owners


def test_who_contributed_most_owns_a_task(example: Example) -> None:
    task = example.task("#1")
    ann, bob, ann_elsewhere = example.person("ann"), example.person("bob"), example.person("ann", tracker=example.tasks)
    example.entry("#1", external_user=ann, hours=2)
    example.entry("#1", external_user=bob, hours=3)
    example.entry("#1", external_user=example.person("stranger", is_known=False), hours=9)
    example.assign(task, ann)
    ran("match_project", "example")
    assert owner(task) == "bob"
    example.entry("#1", external_user=ann_elsewhere, hours=2)
    ended = ran("match_project", "example")
    assert owner(task) == "ann"
    assert ended.run.changes.get(action="updated", key=str(task.pk)).fields == {"owner": ["bob", "ann"]}


def test_of_those_who_contributed_as_much_the_first_one_owns_a_task(example: Example) -> None:
    task = example.task("#1")
    for name, hour in (("ann", 5), ("bob", 2), ("cem", 7)):
        example.entry("#1", external_user=example.person(name), started_at=MONDAY + timedelta(hours=hour))
    ran("match_project", "example")
    assert owner(task) == "bob"


def test_without_work_the_only_assignee_owns_a_task(example: Example) -> None:
    task = example.task("#1")
    example.assign(task, example.person("ann"), days=1, is_current=False)
    example.assign(task, example.person("bob"), days=2)
    ran("match_project", "example")
    assert owner(task) == "bob"


@pytest.mark.parametrize("is_known", [True, False])
def test_of_several_assignees_the_earliest_known_one_owns_a_task(example: Example, is_known: bool) -> None:  # noqa: FBT001
    task = example.task("#1")
    example.assign(task, example.person("ann"), days=3)
    example.assign(task, example.person("bob"), days=2, is_current=False)
    example.assign(task, example.person("cem", is_known=is_known), days=1)
    ran("match_project", "example")
    assert owner(task) == ("cem" if is_known else "bob")


def test_else_the_author_of_an_estimate_owns_a_task(example: Example) -> None:
    estimated = example.task("#1", author=example.person("ann"), estimate=3)
    not_estimated = example.task("#2", author=example.person("ann"))
    ran("match_project", "example")
    assert (owner(estimated), owner(not_estimated)) == ("ann", None)


def test_an_owner_whom_nothing_speaks_for_any_more_owns_nothing(example: Example) -> None:
    task = example.task("#1")
    entry = example.entry("#1", external_user=example.person("ann"))
    ran("match_project", "example")
    entry.delete()
    assert ran("match_project", "example").counts == {"processed": 1, "updated": 1}
    assert owner(task) is None
    assert ran("match_project", "example").counts == {}


def test_owners_are_found_range_after_range(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.tracking.services.owners.TASKS", 2)
    tasks = [example.task(f"#{number}") for number in range(5)]
    for number in range(5):
        example.entry(f"#{number}", external_user=example.person(f"user{number}"))
    assert ran("match_project", "example").counts == {"processed": 10, "updated": 10}
    assert [owner(task) for task in tasks] == [f"user{number}" for number in range(5)]


def test_a_task_that_somebody_gave_another_owner_meanwhile_keeps_it(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, boss = example.task("#1"), example.person("boss")
    example.entry("#1", external_user=example.person("ann"))
    plain = ProjectOwners.write

    def late(self: ProjectOwners, changes: Sequence[Change]) -> None:
        Task.objects.filter(pk=task.pk).update(owner=boss.user)
        plain(self, changes)

    monkeypatch.setattr(ProjectOwners, "write", late)
    ran("match_project", "example")
    assert owner(task) == "boss"
