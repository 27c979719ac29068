from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.jira import connector as jira_connector
from backend.tracking.connectors.jira.answer import Fields, Issue, task
from backend.tracking.connectors.wire import record
from backend.tracking.kernel.records import BrokenRecord, Record, TaskRecord
from tests.servers.trackers import jira
from tests.servers.trackers.changes import ORIGIN
from tests.unit.tracking.connectors.test_gitlab_answer import JSON
from upkeep.remote.answers import Reply
from upkeep.remote.errors import RemoteResponseError

MAKE = partial(task, web_url=ORIGIN)
NAMES = sorted(field.alias or name for name, field in Fields.model_fields.items())


def read(**fields: Any) -> Record:
    item = jira.issue(3, jira.updated_at(3))
    return record(Issue, item | {"fields": item["fields"] | fields}, MAKE)


def understood(**fields: Any) -> TaskRecord:
    found = read(**fields)
    assert isinstance(found, TaskRecord)
    return found


@pytest.mark.parametrize("number", range(1, 4))
def test_every_kind_of_issue_is_understood(number: int) -> None:
    assert record(Issue, jira.issue(number, jira.updated_at(number)), MAKE) == jira.expected(number)


@pytest.mark.parametrize(
    ("fields", "estimate"),
    [
        ({"timetracking": {"originalEstimateSeconds": 7_200}, "timeoriginalestimate": 100}, "2.00"),
        ({"timetracking": {"originalEstimate": "1d"}, "timeoriginalestimate": 28_800}, "8.00"),
        ({"timetracking": {"remainingEstimateSeconds": 60}}, None),
        ({"timetracking": {}, "timeoriginalestimate": None}, None),
        ({"timetracking": {"originalEstimateSeconds": 0}}, None),
    ],
)
def test_the_estimate_is_told_in_one_of_two_places(fields: dict[str, Any], estimate: str | None) -> None:
    assert understood(**fields).estimate == (estimate and Decimal(estimate))


def test_what_is_done_by_its_category_is_closed_whatever_it_is_called() -> None:
    done = jira.status("Offen", "done")
    assert understood(status=done, resolutiondate=None).closed_at == jira.updated_at(3)
    resolved = understood(status=done, resolutiondate="2026-03-01T09:30:00.000+0530").closed_at
    assert resolved == datetime.fromisoformat("2026-03-01T04:00:00+00:00")
    assert (
        understood(status=jira.status("Done", "new"), resolutiondate="2026-03-01T09:30:00.000+0530").closed_at is None
    )
    assert understood(status={"name": "Odd"}).closed_at is None


def test_programs_are_nobody() -> None:
    app = {"accountId": "557058:1", "displayName": "Automation", "accountType": "app", "active": True}
    issue = understood(reporter=app, assignee=app)
    assert (issue.author, issue.assignees) == (None, ())
    assert understood(reporter=app | {"accountType": "atlassian"}).author


def test_removed_users_whose_record_is_broken_are_nobody() -> None:
    unknown = {"accountId": "unknown", "displayName": "Former user", "accountType": "unknown", "active": False}
    issue = understood(reporter=unknown, assignee=unknown)
    assert (issue.author, issue.assignees) == (None, ())


def test_no_status_is_an_open_issue() -> None:
    issue = understood(status=None)
    assert (issue.state, issue.closed_at) == ("", None)


def test_an_issue_of_a_project_without_most_fields_is_understood() -> None:
    item = {"id": "1", "key": "DEMO-1", "fields": {"updated": "2026-03-01T09:30:00.000+0100"}}
    found = record(Issue, item, MAKE)
    assert isinstance(found, TaskRecord)
    assert (found.title, found.state, found.estimate, found.assignees) == ("", "", None, ())


@pytest.mark.parametrize(
    "fields",
    [
        {"updated": None},
        {"summary": 17},
        {"assignee": {"displayName": "secret"}},
        {"duedate": "secret"},
        {"created": "x"},
    ],
)
def test_what_is_not_understood_is_broken(fields: dict[str, Any]) -> None:
    found = read(**fields)
    assert isinstance(found, BrokenRecord)
    assert found.external_id == "10003"
    assert found.problem.startswith(f"fields.{next(iter(fields))}")
    assert "secret" not in found.problem


@given(st.sampled_from(NAMES), JSON)
def test_any_value_makes_a_record_or_a_broken_one(name: str, value: Any) -> None:
    assert isinstance(read(**{name: value}), TaskRecord | BrokenRecord)


def test_any_number_of_empty_pages_is_followed_but_none_twice() -> None:
    reading = jira_connector.Reading("DEMO", None)
    for number in range(100):
        assert reading.following(page(number))
    with pytest.raises(RemoteResponseError, match="in circles"):
        reading.following(page(50))


def page(token: object, *issues: object) -> Reply:
    return Reply({"issues": [*issues], "nextPageToken": f"token {token}"}, httpx2.Headers())
