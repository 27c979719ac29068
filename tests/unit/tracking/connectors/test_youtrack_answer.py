from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.wire import record
from backend.tracking.connectors.youtrack.answer import Issue, Reading
from backend.tracking.connectors.youtrack.connector import literal
from backend.tracking.kernel.records import BrokenRecord, Person, Record, TaskRecord
from tests.servers.trackers import youtrack
from tests.servers.trackers.changes import ORIGIN
from tests.servers.trackers.youtrack import PEOPLE, USERS, field, named, period
from tests.unit.tracking.connectors.test_gitlab_answer import JSON

READING = Reading(f"{ORIGIN}/youtrack", "DEMO", "Schätzung", ())
ADA, ZOE = PEOPLE["ada"], PEOPLE["zoe"]


def item(*fields: Any) -> dict[str, Any]:
    return youtrack.issue(1, youtrack.updated_at(1)) | {"customFields": list(fields)}


def read(*fields: Any, reading: Reading = READING) -> Record:
    return record(Issue, item(*fields), reading.task)


def assignees(*fields: Any, names: tuple[str, ...] = ()) -> tuple[Person, ...]:
    found = read(*fields, reading=replace(READING, assignee_fields=names))
    assert isinstance(found, TaskRecord)
    return found.assignees


@pytest.mark.parametrize("number", range(1, 4))
def test_every_kind_of_issue_is_understood(number: int) -> None:
    assert record(Issue, youtrack.issue(number, youtrack.updated_at(number)), READING.task) == youtrack.expected(number)


ASSIGNEE = field("SingleUser", "Assignee", USERS["ada"])
REVIEWERS = field("MultiUser", "Reviewers", [USERS["zoe"], USERS["ada"]])
TESTER = field("SingleUser", "Tester", USERS["zoe"])
NOBODY = field("SingleUser", "Assignee", None)


@pytest.mark.parametrize(
    ("fields", "names", "expected"),
    [
        ([REVIEWERS, ASSIGNEE], (), (ADA,)),
        ([REVIEWERS, TESTER], (), (ZOE, ADA)),
        ([TESTER, REVIEWERS], (), (ZOE,)),
        ([REVIEWERS, NOBODY], (), ()),
        ([REVIEWERS, ASSIGNEE], ("Assignee", "Reviewers"), (ADA, ZOE)),
        ([ASSIGNEE, REVIEWERS], ("Reviewers", "Assignee"), (ZOE, ADA)),
        ([ASSIGNEE, REVIEWERS], ("reviewers",), (ADA,)),
        ([ASSIGNEE, REVIEWERS, TESTER], ("Nobody's", "Tester"), (ZOE,)),
        ([field("SingleEnum", "Assignee", named("Ada")), TESTER], (), (ZOE,)),
        ([], ("Tester",), ()),
    ],
)
def test_assignees_come_from_the_named_fields_in_their_order_or_else_from_the_usual_one(
    fields: list[dict[str, Any]], names: tuple[str, ...], expected: tuple[Person, ...]
) -> None:
    assert assignees(*fields, names=names) == expected


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ([field("SingleEnum", "State", named("Red")), field("State", "Stage", named("Backlog"))], "Backlog"),
        ([field("State", "Stage", named("Backlog")), field("State", "State", named("Open"))], "Open"),
        ([field("StateMachine", "State", named("Fixed"))], "Fixed"),
        ([field("State", "State", None)], ""),
        ([], ""),
    ],
)
def test_the_state_is_that_of_the_state_field(fields: list[dict[str, Any]], state: str) -> None:
    found = read(*fields)
    assert isinstance(found, TaskRecord)
    assert found.state == state


@pytest.mark.parametrize(
    ("value", "estimate"),
    [
        (field("Period", "Schätzung", period(200)), Decimal("3.33")),
        (field("Period", "Schätzung", None), None),
        (field("Period", "Schätzung", period(0)), None),
        (field("Period", "schätzung", period(200)), None),
        (field("Simple", "Schätzung", 200), None),
    ],
)
def test_the_estimate_is_the_minutes_of_the_field_of_that_name(value: dict[str, Any], estimate: Decimal | None) -> None:
    found = read(value)
    assert isinstance(found, TaskRecord)
    assert found.estimate == estimate


@pytest.mark.parametrize(
    "bad",
    [
        field("Period", "Schätzung", {"minutes": "secret"}),
        field("Period", "Schätzung", {"presentation": "1d"}),
        field("SingleUser", "Assignee", {"fullName": "secret"}),
        field("MultiUser", "Assignee", [17]),
        field("State", "State", "secret"),
    ],
)
def test_a_field_that_is_used_and_not_understood_breaks_the_record(bad: dict[str, Any]) -> None:
    found = read(bad)
    assert isinstance(found, BrokenRecord)
    assert found.external_id == "2-1"
    assert "secret" not in found.problem


@given(JSON)
def test_fields_that_are_not_used_may_hold_anything(value: Any) -> None:
    assert isinstance(read(field("Simple", "Points", value)), TaskRecord)


@given(st.sampled_from(["id", "summary", "updated", "resolved", "reporter", "customFields", "project"]), JSON)
def test_any_value_makes_a_record_or_a_broken_one(name: str, value: Any) -> None:
    odd = item(ASSIGNEE) | {name: value}
    READING.skips(odd)
    assert isinstance(record(Issue, odd, READING.task), TaskRecord | BrokenRecord)


@pytest.mark.parametrize(
    ("other", "is_skipped"),
    [
        ({}, False),
        ({"isDraft": True}, True),
        ({"project": {"shortName": "DEMO2"}}, True),
        ({"project": {"shortName": "demo"}}, False),
        ({"project": None}, False),
        ({"project": {}}, False),
    ],
)
def test_drafts_and_issues_of_other_projects_are_skipped(other: dict[str, Any], *, is_skipped: bool) -> None:
    assert READING.skips(item() | other) == is_skipped


@pytest.mark.parametrize("project", [None, {}, {"shortName": None}, {"shortName": 17}, "secret"])
def test_an_issue_of_a_project_that_is_not_told_is_broken(project: object) -> None:
    found = record(Issue, item() | {"project": project}, READING.task)
    assert isinstance(found, BrokenRecord)
    assert found.problem.startswith("project")


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.timezones())  # noqa: DTZ001
def test_a_query_never_begins_too_late_on_any_clock_that_is_set_back(time: datetime, zone: ZoneInfo) -> None:
    told = datetime.fromisoformat(literal(time, str(zone.key)))
    meant = [told.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert max(meant) <= time
    assert min(meant) >= time - timedelta(hours=28)


@pytest.mark.parametrize("zone", ["", "Europe/Nowhere", "../etc/passwd", "Europe", "UTC+2", "\0"])
def test_an_unknown_clock_may_be_any(zone: str) -> None:
    assert literal(datetime(2026, 3, 2, 12, 0, 0, 5, UTC), zone) == "2026-03-01T10:00:00"


def test_a_known_clock_is_used() -> None:
    assert literal(datetime(2026, 3, 1, 12, tzinfo=UTC), "Asia/Kathmandu") == "2026-03-01T15:45:00"
