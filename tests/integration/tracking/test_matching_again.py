"""A project where nothing has changed since it was matched is not read, and what has changed is never overlooked."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from backend.tracking.kernel.kinds import NameKind
from backend.tracking.models import (
    EntryMatch,
    ExternalUser,
    MatchingChange,
    Project,
    Task,
    TaskAssignee,
    Tracker,
    WorkEntry,
    WorkMatch,
)
from backend.tracking.services import former_names
from backend.tracking.services.matching import Matches
from tasks.tracking.match_project import MatchProject, match_project
from tests.integration.collection.commands import ran
from tests.integration.tracking.projects import COMMITTED, Example, matched
from upkeep.operations import runner

pytestmark = COMMITTED
CODE = r"^(?P<task_code>#\d+).*"
CODES = ("#1", "#2", "#3")


def example() -> Example:
    """A project with tasks, work and people."""
    made = Example()
    made.rule("pattern_to_task_code", text_pattern=CODE, priority=100)
    made.rule("external_task_id_to_task_external_id", priority=50)
    for code in CODES[:2]:
        made.task(code, external_id=code, estimate=1, author=made.person("cid", tracker=made.tasks))
    for text in ("#1 a", "#2 b", "#3 c", "lunch"):
        made.entry(text, external_user=made.person("ann"))
    return made


def counts() -> dict[str, int]:
    outcome = runner.execute(match_project, MatchProject(organization="example"))
    assert outcome.status == "succeeded"
    return {action: number for action, number in outcome.counts.items() if number}


def number(rows: Any, place: int) -> Any:
    """One of these rows, if there is any."""
    found = list(rows.order_by("pk"))
    return rows.filter(pk=found[place % len(found)].pk) if found else rows.none()


def rename(place: int, code: str) -> None:
    for task in number(Task.objects, place):
        former_names.keep([(task.pk, task.tracker_id, NameKind.CODE, task.code)])
        Task.objects.filter(pk=task.pk).update(code=code)


def assign(place: int) -> None:
    task, person = Task.objects.order_by("pk").first(), number(ExternalUser.objects, place).first()
    if task:
        TaskAssignee.objects.get_or_create(
            task=task, external_user=person, defaults={"known_since": "2026-01-01 00:00Z"}
        )


def move(place: int, code: str) -> None:
    number(Task.objects, place).update(moved_to=code, closed_at="2026-01-01 00:00Z")


EDITS: Sequence[Callable[[Example, int, str], object]] = (
    lambda made, place, code: made.entry(f"{code} more", external_user=made.person(f"p{place}")),
    lambda _, place, code: number(WorkEntry.objects, place).update(text=f"{code} else"),
    lambda _, place, code: number(WorkEntry.objects, place).update(external_task=code),
    lambda _, place, __: number(EntryMatch.objects, place).update(task=None),
    lambda _, place, __: number(EntryMatch.objects, place).delete(),
    lambda _, place, __: number(WorkEntry.objects, place).update(duration="5 hours"),
    lambda made, place, __: number(WorkEntry.objects, place).update(tracker=made.tasks),
    lambda _, place, __: number(WorkEntry.objects, place).delete(),
    lambda made, place, code: made.task(code, external_id=f"new {place} {Task.objects.count()}"),
    lambda _, place, code: rename(place, code),
    lambda _, place, code: move(place, code),
    lambda _, place, __: number(Task.objects, place).delete(),
    lambda _, place, __: number(Task.objects, place).update(owner=None),
    lambda _, place, __: assign(place),
    lambda _, __, ___: TaskAssignee.objects.all().delete(),
    lambda _, place, __: number(ExternalUser.objects, place).update(user=None),
    lambda made, place, __: made.rule("pattern_to_task", text_pattern="lunch", target_task="#1", priority=place),
    lambda _, place, __: number(WorkMatch.objects, place).update(priority=place),
    lambda _, place, __: number(WorkMatch.objects, place).delete(),
    lambda made, __, ___: Tracker.objects.filter(pk=made.tasks.pk).update(name="renamed"),
)
"""What people, downloads and the configuration do, each in a transaction of its own."""


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.sampled_from(range(len(EDITS))), st.integers(0, 5), st.sampled_from(CODES)), min_size=1, max_size=4
    )
)
def test_a_matching_after_any_edits_leaves_nothing_for_a_whole_one(edits: list[tuple[int, int, str]]) -> None:
    Project.objects.all().delete()
    made = example()
    counts()
    for kind, place, code in edits:
        EDITS[kind](made, place, code)
    counts()
    found = list(EntryMatch.objects.order_by("pk").values())
    MatchingChange.objects.create(project_id=made.project.pk)
    assert counts().keys() <= {"processed", "unchanged"}
    assert list(EntryMatch.objects.order_by("pk").values()) == found


def test_every_kind_of_edit_is_noted() -> None:
    made = example()
    assign(1)
    counts()
    for kind, edit in enumerate(EDITS):
        with transaction.atomic():
            edit(made, 0, "#3")
            assert MatchingChange.objects.filter(project_id=made.project.pk).exists(), kind
            transaction.set_rollback(True)


def reads_of_entries(queries: CaptureQueriesContext) -> list[str]:
    """The queries that read the texts of work entries."""
    return [query["sql"] for query in queries if "tracking_workentry" in query["sql"] and "breadcrumb" in query["sql"]]


def test_where_nothing_has_changed_nothing_is_read_and_all_is_counted() -> None:
    made = example()
    ran("match_project", "example")
    assert not MatchingChange.objects.exists()
    Task.objects.update(title="another", state="closed")
    for options in ((), ("--dry-run",)):
        with CaptureQueriesContext(connection) as queries:
            ended = ran("match_project", "example", *options)
        assert ended.counts == {"processed": 4, "unchanged": 4}
        assert ended.report[0] == "app: 2 of 4 work entries matched"
        assert not reads_of_entries(queries)
    made.entry("#2 more")
    with CaptureQueriesContext(connection) as queries:
        ran("match_project", "example")
    assert reads_of_entries(queries)


def test_only_the_entries_that_a_change_concerns_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = example()
    counts()
    plain, read = Matches.add, list[str]()

    def add(self: Matches, rows: Sequence[Any], found: Sequence[Any]) -> None:
        read.extend(row[8] for row in rows)
        plain(self, rows, found)

    monkeypatch.setattr(Matches, "add", add)
    made.task("#3")
    made.entry("gh-2")
    renamed = Task.objects.get(code="#1")
    renamed.code = "#4"
    renamed.save()
    assert counts() == {"processed": 7, "updated": 4, "unchanged": 3}  # two entries, and the owners of two tasks
    assert sorted(read) == ["#1 a", "#3 c", "gh-2"]


def test_a_change_that_is_committed_after_a_matching_is_found_by_the_next() -> None:
    made = example()
    entry = WorkEntry.objects.order_by("pk").last()
    assert entry
    counts()
    made.entry("something that is due")
    other = connection.copy()
    try:
        with transaction.atomic(), other.cursor() as cursor:
            other.set_autocommit(False)
            cursor.execute("UPDATE tracking_workentry SET text = '#1 late' WHERE id = %s", [entry.pk])
        counts()
        assert matched(entry)[0] is None
        other.commit()
    finally:
        other.close()
    assert counts() == {"processed": 5, "updated": 1, "unchanged": 4}
    assert matched(entry)[0] == "#1"


def test_a_dry_run_and_a_failed_item_leave_the_changes_to_the_next_matching() -> None:
    made = example()
    first = Task.objects.get(code="#1")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("ALTER TABLE tracking_entrymatch ADD CONSTRAINT none_yet CHECK (task_id <> {})").format(first.pk)
        )
    try:
        ran("match_project", "example", "--dry-run")
        assert ran("match_project", "example").exit_code == 3
        assert MatchingChange.objects.filter(project_id=made.project.pk).exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tracking_entrymatch DROP CONSTRAINT none_yet")
    assert counts()["updated"] == 2  # the entry, and the owner of its task
    assert not MatchingChange.objects.exists()


def test_a_project_that_is_gone_leaves_no_notes() -> None:
    example().organization.delete()
    assert not MatchingChange.objects.exists()
