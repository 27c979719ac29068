"""Tasks and hours that move from one project of their system to another one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import product
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.models import FormerName, Task, TaskAssignee, Tracker, WorkEntry, WorkMatch
from tests.integration.collection.commands import Ended, ran
from tests.integration.remote.test_servers import needs_schemas, validator
from tests.integration.tracking.factories import api_tracker, project, tracker
from tests.integration.tracking.projects import MONDAY, matched
from tests.servers.trackers import moving
from tests.servers.trackers.moving import TOKEN, USERNAME, Phase, code, location, record, server
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

KEEPING = [ApiKind.JIRA, ApiKind.YOUTRACK]
"""Ids stay when something moves."""
CODES = r".*?(?P<task_code>[A-Z]+-\d+|#\d+)"
OPTIONS: list[list[str]] = [[], ["--full"]]


class Place:
    """A project with trackers of the projects `a` and `b` of a system, and hours."""

    def __init__(self, kind: ApiKind, server: Server, *, order: str = "ab") -> None:
        self.kind = kind
        self.server = server
        of = project()
        self.trackers = {
            name: api_tracker(
                kind, location(kind, server.origin, name), token=TOKEN, of=of, name=name, username=USERNAME
            )
            for name in order
        }
        self.hours = tracker(of, "hours")
        WorkMatch.objects.create(tracker=self.trackers["a"], match_on="pattern_to_task_code", text_pattern=CODES)

    def work(self, text: str) -> WorkEntry:
        fields: dict[str, Any] = {"started_at": MONDAY, "duration": "01:30", "text": text}
        return WorkEntry.objects.create(tracker=self.hours, external_id=text, **fields)

    def begin(self, phase: int) -> None:
        with build_opener(ProxyHandler({})).open(f"{self.server.origin}/phase/{phase}", timeout=5) as answer:
            answer.read()

    def code(self, number: int, project: str) -> str:
        return code(self.kind, number, project)


@contextmanager
def served(kind: ApiKind, *phases: Phase, order: str = "ab") -> Iterator[Place]:
    """A place in its first phase, downloaded."""
    with server(*phases) as process:
        place = Place(kind, process, order=order)
        ran("update_project", "acme")
        yield place


def update(*options: str) -> Ended:
    ended = ran("update_project", "acme", *options)
    assert ended.exit_code == 0, (ended.error, ended.run.log.values_list("message", flat=True))
    return ended


STAYING = [record(2, "a"), record(3, "a"), record(1, "b", id=11)]
BEFORE, AFTER = [record(1, "a"), *STAYING], [record(9, "b", id=1, minute=60), *STAYING]


@pytest.mark.parametrize(("kind", "order", "options"), [*product(KEEPING, ["ab", "ba"], OPTIONS)])
def test_a_task_that_keeps_its_id_moves_with_its_hours_and_its_people(
    kind: ApiKind, order: str, options: list[str]
) -> None:
    with served(kind, BEFORE, AFTER, order=order) as place:
        entry = place.work(f"{place.code(1, 'a')} nests")
        update()
        before = Task.objects.get(code=place.code(1, "a"))
        since = TaskAssignee.objects.get(task=before).known_since
        assert matched(entry)[0] == before.code
        place.begin(1)
        preview = update("--dry-run", *options)
        assert Task.objects.get(pk=before.pk).tracker.name == "a"
        change = preview.run.changes.get(key=before.external_id, action="updated")
        assert change.fields["tracker"] == ["a", "b"]
        ended = update(*options)
        again = update(*options)
    assert again.counts.keys() <= {"processed", "unchanged"}
    assert ended.counts["updated"] == 1
    assert not {"created", "deleted"} & ended.counts.keys()
    task = Task.objects.get(external_id=before.external_id)
    assert (task.pk, task.tracker.name, task.code) == (before.pk, "b", place.code(9, "b"))
    assert (task.estimate, task.moved_to) == (Decimal(2), "")
    assert matched(entry)[0] == task.code
    [assignee] = task.task_assignees.all()
    assert (assignee.known_since, assignee.is_current) == (since, True)
    assert assignee.external_user.tracker == task.tracker == task.author.tracker  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KEEPING)
def test_what_a_task_was_called_leads_to_it_in_the_rules_of_both_trackers(kind: ApiKind) -> None:
    with served(kind, BEFORE, AFTER) as place:
        WorkMatch.objects.create(tracker=place.trackers["b"], match_on="pattern_to_task_code", text_pattern=CODES)
        entries = [place.work(place.code(number, name)) for number, name in ((1, "a"), (9, "b"))]
        place.begin(1)
        update()
    assert [matched(entry)[0] for entry in entries] == [place.code(9, "b")] * 2
    names = FormerName.objects.filter(kind="code").values_list("tracker__name", "text")
    assert set(names) == {("a", place.code(1, "a")), ("b", place.code(1, "a"))}


@pytest.mark.parametrize("kind", KEEPING)
def test_a_task_that_moves_back_is_the_same_one(kind: ApiKind) -> None:
    back = [record(1, "a", minute=120), *STAYING]
    with served(kind, BEFORE, AFTER, back) as place:
        entry = place.work(place.code(1, "a"))
        before = Task.objects.get(code=place.code(1, "a"))
        for phase in (1, 2):
            place.begin(phase)
            update("--full")
    task = Task.objects.get(external_id=before.external_id)
    assert (task.pk, task.tracker.name, task.code) == (before.pk, "a", place.code(1, "a"))
    assert matched(entry)[0] == task.code


@pytest.mark.parametrize("kind", KEEPING)
def test_a_task_whose_new_tracker_fails_is_kept_until_that_brings_it(kind: ApiKind) -> None:
    with served(kind, BEFORE, AFTER) as place:
        entry = place.work(place.code(1, "a"))
        update()
        place.begin(1)
        down = {"jira": "/rest/api/3/project/BB", "youtrack": "/yt/api/admin/projects/B"}[kind]
        place.server.fail({down: faults.status(404)})
        ended = ran("update_project", "acme", "--full")
        assert ended.exit_code == 3
        assert ended.reasons["moved"] == 1
        assert matched(entry)[0] == place.code(1, "a")
        place.server.fail({})
        update("--full")
        assert matched(entry)[0] == place.code(9, "b")


@pytest.mark.parametrize("kind", KEEPING)
def test_a_task_that_moved_to_a_project_that_is_not_read_is_closed_and_keeps_its_hours(kind: ApiKind) -> None:
    away = [record(5, "c", id=1, minute=60), *STAYING]
    with served(kind, BEFORE, away, AFTER) as place:
        entry = place.work(place.code(1, "a"))
        place.begin(1)
        assert "updated" not in {*update("--no-match").counts}
        update("--full")
        task = Task.objects.get(code=place.code(1, "a"))
        assert (task.state, task.moved_to, task.estimate) == ("moved", place.code(5, "c"), None)
        assert task.closed_at
        assert matched(entry)[0] == task.code
        assert update("--full").counts.keys() <= {"processed", "unchanged"}
        place.begin(2)
        update()
    task.refresh_from_db()
    assert (task.tracker.name, task.moved_to, task.estimate) == ("b", "", Decimal(2))
    assert Task.objects.filter(pk=task.pk, closed_at=None).exists()
    assert matched(entry)[0] == task.code


@pytest.mark.parametrize("kind", KEEPING)
def test_a_task_that_was_deleted_is_removed_and_its_hours_are_nobodys(kind: ApiKind) -> None:
    with served(kind, BEFORE, STAYING) as place:
        entry = place.work(place.code(1, "a"))
        update()
        place.begin(1)
        assert update("--full").counts["deleted"] == 1
    assert matched(entry) == (None, None)


@pytest.mark.parametrize("kind", KEEPING)
def test_a_task_that_is_there_though_the_list_lacks_it_is_left_alone(kind: ApiKind) -> None:
    with served(kind, BEFORE, [*STAYING, record(1, "a", gone="from the index")]) as place:
        place.begin(1)
        assert update("--full").reasons["still_there"] == 1
    assert Task.objects.filter(code=place.code(1, "a")).exists()


@pytest.mark.parametrize("kind", KEEPING)
def test_what_another_project_left_behind_is_removed_though_it_is_still_there(kind: ApiKind) -> None:
    with served(kind, BEFORE, BEFORE) as place:
        other = location(kind, place.server.origin, "b")
        Tracker.objects.filter(name="b").delete()
        Tracker.objects.filter(name="a").update(api_location=other, position="")
        assert update("--full").counts["deleted"] == 3
    assert set(Task.objects.values_list("code", flat=True)) == {place.code(1, "b")}


TRANSFERRED = [record(1, "a", gone="transferred", moved_to=99), record(9, "b", id=99, minute=60), *STAYING]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_an_issue_that_was_transferred_is_closed_and_its_hours_follow_the_new_one(order: str) -> None:
    with served(ApiKind.GITHUB, BEFORE, TRANSFERRED, order=order) as place:
        entry = place.work("#1 nests")
        update()
        old = Task.objects.get(code="#1", tracker__name="a")
        Task.objects.filter(pk=old.pk).update(estimate=5)
        place.begin(1)
        update()  # what changed alone: nothing tells that it is gone
        assert Task.objects.filter(moved_to="").count() == 5
        preview = update("--full", "--dry-run")
        assert preview.run.changes.get(action="updated").fields["moved_to"] == ["", "99"]
        assert not Task.objects.exclude(moved_to="").exists()
        ended = update("--full")
        assert "deleted" not in ended.counts
    old.refresh_from_db()
    assert (old.state, old.moved_to, old.estimate) == ("moved", "99", None)
    assert old.closed_at
    assert WorkEntry.objects.get(pk=entry.pk).task == Task.objects.get(external_id="99")


def test_hours_follow_an_issue_from_transfer_to_transfer_and_back() -> None:
    back = [
        record(1, "a", gone="transferred", moved_to=100),
        record(9, "b", id=99, gone="transferred", moved_to=100),
        record(12, "a", id=100, minute=120),
        *STAYING,
    ]
    with served(ApiKind.GITHUB, BEFORE, TRANSFERRED, back) as place:
        entry = place.work("#1 nests")
        for phase in (1, 2):
            place.begin(phase)
            update("--full")
    assert dict(Task.objects.exclude(moved_to="").values_list("external_id", "moved_to")) == {"1": "99", "99": "100"}
    assert WorkEntry.objects.get(pk=entry.pk).task == Task.objects.get(external_id="100")


@pytest.mark.parametrize("to", ["c", "z"])
def test_hours_stay_with_an_issue_that_was_transferred_to_where_nobody_reads(to: str) -> None:
    away = [record(1, "a", gone="transferred", moved_to=99), record(9, to, id=99), *STAYING]
    with served(ApiKind.GITHUB, BEFORE, away) as place:
        entry = place.work("#1 nests")
        update()
        place.begin(1)
        update("--full")
    old = Task.objects.get(code="#1", tracker__name="a")
    assert old.moved_to == ("99" if to == "c" else "unknown")
    assert WorkEntry.objects.get(pk=entry.pk).task == old


@pytest.mark.parametrize("gone", [[record(1, "a", gone="deleted")], []])
def test_an_issue_that_was_deleted_is_removed(gone: Phase) -> None:
    with served(ApiKind.GITHUB, BEFORE, [*gone, *STAYING]) as place:
        entry = place.work("nothing")
        place.begin(1)
        assert update("--full").counts["deleted"] == 1
    assert matched(entry) == (None, None)
    assert not Task.objects.filter(external_id="1").exists()


@pytest.mark.parametrize(("order", "options"), [*product(["ab", "ba"], OPTIONS)])
def test_an_issue_of_gitlab_that_moved_is_closed_at_once_and_its_hours_follow(order: str, options: list[str]) -> None:
    moved = [record(1, "a", minute=60, moved_to=99), record(9, "b", id=99, minute=60), *STAYING]
    opened = [record(1, "a", minute=120, moved_to=99, reopened=True), record(9, "b", id=99, minute=60), *STAYING]
    with served(ApiKind.GITLAB, BEFORE, moved, opened, order=order) as place:
        entry = place.work("#1 nests")
        place.begin(1)
        update(*options)
        old, new = Task.objects.get(external_id="1"), Task.objects.get(external_id="99")
        assert (old.state, old.moved_to, old.estimate) == ("moved", "99", None)
        assert old.closed_at
        assert WorkEntry.objects.get(pk=entry.pk).task == new
        place.begin(2)
        update(*options)
        old.refresh_from_db()
        assert (old.state, old.moved_to, old.estimate) == ("opened", "", Decimal(2))
        assert Task.objects.filter(pk=old.pk, closed_at=None).exists()
        assert WorkEntry.objects.get(pk=entry.pk).task == old


def test_hours_that_move_between_two_trackers_are_there_once() -> None:
    phases = [[record(1, "a"), record(2, "a")], [record(1, "b", minute=60), record(2, "a")]]
    with served(ApiKind.KIMAI, *phases) as place:
        before = WorkEntry.objects.get(external_id="1")
        place.begin(1)
        ended = update()
        assert ended.counts["updated"] == 1
        assert "created" not in ended.counts
        assert update("--full").counts.keys() <= {"processed", "unchanged"}
    after = WorkEntry.objects.get(external_id="1")
    assert (after.pk, after.tracker.name) == (before.pk, "b")
    assert after.external_user
    assert after.external_user.tracker.name == "b"


MANY = [record(number, "a") for number in range(1, 31)]


@pytest.mark.parametrize("kind", [*KEEPING, ApiKind.GITHUB, ApiKind.GITLAB, ApiKind.KIMAI])
def test_a_complete_download_removes_no_more_of_a_tracker_than_it_may(kind: ApiKind) -> None:
    left = [*MANY[:20], record(1, "b", id=40)]
    with served(kind, [*MANY, record(1, "b", id=40), record(2, "b", id=41)], left) as place:
        rows: Any = WorkEntry if kind is ApiKind.KIMAI else Task
        place.begin(1)
        ended = ran("update_project", "acme", "--full", "--max-deleted", "30", "--no-match")
        assert ended.exit_code == 1
        [excess] = ended.outcome["result"]["limit_exceeded"]
        assert (excess["step"], excess["number"], excess["of"], excess["most"]) == ("shop/a: gone", 10, 30, 30)
        assert rows.objects.filter(tracker__name="a").count() == 30
        assert rows.objects.filter(tracker__name="b").count() == 1
        assert len(excess["next"]["changes"]) == 10
        resumed = ran("resume_run", ended.outcome["run"], "--max-deleted", "34")
        assert (resumed.exit_code, resumed.counts["deleted"]) == (0, 11)  # one of b, which was within it
        assert rows.objects.filter(tracker__name="a").count() == 20


def test_what_moved_away_is_not_what_a_limit_is_about() -> None:
    away = [record(n, "a", gone="transferred", moved_to=100 + n) for n in range(1, 16)]
    there = [record(100 + n, "b", id=100 + n) for n in range(1, 16)]
    with served(ApiKind.GITHUB, MANY, [*away, *there, *MANY[15:]]) as place:
        place.begin(1)
        update("--full", "--max-deleted", "10")
    assert Task.objects.exclude(moved_to="").count() == 15


@needs_schemas
@pytest.mark.parametrize(
    ("api", "name", "make"),
    [
        ("github", "issue", moving.github_item),
        ("gitlab", "Issue", moving.gitlab_item),
        ("jira", "IssueBean", moving.jira_item),
        ("youtrack", "Issue", moving.youtrack_item),
    ],
)
def test_what_moves_follows_the_schemas(api: str, name: str, make: Callable[[Any], dict[str, Any]]) -> None:
    for each in (record(1, "a"), record(1, "a", moved_to=2)):
        validator(api, name).validate(make(each))
