from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.gitlab.answer import Issue, MergeRequest
from backend.tracking.connectors.wire import record
from backend.tracking.kernel.records import BrokenRecord, Person, Record, TaskRecord
from tests.servers.trackers import gitlab

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FIELDS = sorted(Issue.model_fields)


def read(**fields: Any) -> Record:
    return record(Issue, gitlab.issue(5, gitlab.updated_at(5)) | fields, lambda issue: issue.task)


@pytest.mark.parametrize("number", range(1, 5))
def test_every_kind_of_issue_is_understood(number: int) -> None:
    item = gitlab.issue(number, gitlab.updated_at(number))
    assert record(Issue, item, lambda issue: issue.task) == gitlab.expected(number)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"title": ["secret"]}, "title"),
        ({"updated_at": None}, "updated_at"),
        ({"updated_at": "2026-03-01T08:00:00"}, "updated_at"),
        ({"iid": "5"}, "iid"),
        ({"iid": 0}, "iid"),
        ({"due_date": "secret"}, "due_date"),
        ({"time_stats": {"time_estimate": -1}}, "time_stats.time_estimate"),
        ({"assignees": [{"name": "Nobody"}]}, "assignees.0.username"),
    ],
)
def test_what_is_not_understood_is_told_by_its_place(fields: dict[str, Any], problem: str) -> None:
    broken = read(**fields)
    assert isinstance(broken, BrokenRecord)
    assert broken.external_id == str(2**40 + 5)
    assert broken.problem.startswith(f"{problem}: ")
    assert "secret" not in broken.problem


@pytest.mark.parametrize("stats", [None, {}, {"time_estimate": None}])
def test_no_time_stats_are_no_estimate(stats: object) -> None:
    issue = read(time_stats=stats)
    assert isinstance(issue, TaskRecord)
    assert issue.estimate is None


@given(st.sampled_from(FIELDS), JSON)
def test_any_value_makes_a_record_or_a_broken_one(name: str, value: Any) -> None:
    assert isinstance(read(**{name: value}), TaskRecord | BrokenRecord)


@pytest.mark.parametrize(
    "username",
    [
        "ghost",
        "Ghost",
        "ghost1",
        "support-bot",
        "alert-bot2",
        "GitLab-Admin-Bot",
        "GitLab-Security-Bot",
        "gitlab-security-policy-bot",
        "GitLabDuo",
        "automation-bot",
        "migration-bot",
        "project_123_bot",
        "project_123_bot4",
        "project_123_bot_00f3a1b2c3d4e5f60718293a4b5c6d7e",
        "group_5_bot_x9",
        "service_account_group_345_6018816a18e515214e0c34c2b33523fc",
        "service_account_6018816a18e515214e0c34c2b33523fc",
        "ada_placeholder_user_7",
        "ada_placeholder_u8x2",
        "acme_github_placeholder_Zx81Q",
        "import_user_acme_1",
    ],
)
def test_programs_ghosts_and_placeholders_are_nobody(username: str) -> None:
    user = {"id": 9, "username": username, "name": "Somebody", "state": "active"}
    issue = read(author=user, assignees=[user, gitlab.USERS["ada"], user])
    assert isinstance(issue, TaskRecord)
    assert issue.author is None
    assert issue.assignees == (gitlab.PEOPLE["ada"],)


@pytest.mark.parametrize("fields", [{"bot": True}, {"user_type": "project_bot"}, {"user_type": "PLACEHOLDER"}])
def test_who_is_called_no_human_is_nobody(fields: dict[str, Any]) -> None:
    issue = read(author=gitlab.USERS["ada"] | fields)
    assert isinstance(issue, TaskRecord)
    assert issue.author is None


@pytest.mark.parametrize(
    "username",
    ["ghostwriter", "bot", "abbot", "the-alert-bot-fan", "project_bot", "my_project_123_bot", "placeholder", "talbot1"],
)
@pytest.mark.parametrize("fields", [{}, {"bot": False}, {"bot": None, "user_type": "human"}])
def test_people_are_people_whatever_they_are_called(username: str, fields: dict[str, Any]) -> None:
    issue = read(author={"id": 9, "username": username, "name": ""} | fields)
    assert isinstance(issue, TaskRecord)
    assert issue.author == Person(username, external_id="9")


@pytest.mark.parametrize("number", range(1, 5))
def test_every_kind_of_merge_request_is_understood(number: int) -> None:
    item = gitlab.merge_request(number, gitlab.updated_at(number))
    assert record(MergeRequest, item, lambda found: found.task) == gitlab.expected_merge_request(number)


def test_a_finished_merge_request_that_does_not_tell_when_is_finished_all_the_same() -> None:
    item = gitlab.merge_request(1, gitlab.updated_at(1)) | {"merged_at": None}
    found = record(MergeRequest, item, lambda answer: answer.task)
    assert isinstance(found, TaskRecord)
    assert found.closed_at == gitlab.updated_at(1)
