from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.gitlab_answer import Issue
from backend.tracking.connectors.wire import record
from backend.tracking.kernel.records import BrokenRecord, Record, TaskRecord
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
