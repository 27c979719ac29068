import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from tests.integration.collection.commands import ran
from tests.integration.tracking.projects import COMMITTED, MONDAY, Example
from upkeep.operations.models import Run

pytestmark = COMMITTED


@pytest.fixture
def example() -> Example:
    example = Example(time_zone="Europe/Vienna")
    example.task("various", external_id="")
    example.rule("always_to_task", target_task="various", priority=200, source_work_trackers=["others"])
    example.rule("pattern_to_task_code", text_pattern=r"(?P<task_code>#\d+)", priority=100)
    example.rule("pattern_to_task", breadcrumb_pattern="Meetings", target_task="various", priority=50)
    return example


def explained(*options: str) -> list[dict[str, Any]]:
    """What the command prints, plainly."""
    out, err = StringIO(), StringIO()
    call_command("explain_work_entry", *options, stdout=out, stderr=err)
    told = json.loads(out.getvalue())
    assert (err.getvalue(), told["left_out"]) == ("", 0)
    entries: list[dict[str, Any]] = told["entries"]
    return entries


def refused(*options: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        call_command("explain_work_entry", *options, stdout=StringIO(), stderr=StringIO())
    return caught.value.returncode, str(caught.value)


def texts(*options: str) -> list[str]:
    return [told["entry"]["text"] for told in explained(*options)]


def test_an_entry_that_is_matched_is_told_with_its_rule_and_what_it_matched(example: Example) -> None:
    task = example.task("#1", url="https://tasks.example/1")
    ann = example.person("ann")
    entry = example.entry("#1 started", hours=0.75, external_user=ann, breadcrumb="Customer", started_at=MONDAY)
    ran("match_project", "example")
    [told] = explained("--id", str(entry.pk))
    assert told["entry"] == {
        "id": str(entry.pk), "external_id": entry.external_id, "organization": "example", "project": "app",
        "tracker": "hours", "username": "ann", "external_username": "ann", "breadcrumb": "Customer",
        "text": "#1 started", "external_task": "", "started_at": "2026-01-05T10:00:00+01:00", "duration_in_hours": 0.75,
    }  # fmt: skip
    assert (told["match"]["rule"], told["match"]["matched"]) == (
        r"pattern_to_task_code (?P<task_code>#\d+)", {"code": "#1"}
    )  # fmt: skip
    assert told["match"]["task"]["id"] == told["stored"]["task"]["id"] == str(task.pk)
    assert told["stored"]["is_up_to_date"]
    [other] = told["did_not_apply"]
    assert other["reason"] == "it is for entries of others, and this one is of hours"


def test_every_rule_that_was_tried_says_why_it_did_not_apply(example: Example) -> None:
    entries = [example.entry("#7 started"), example.entry("lunch", breadcrumb="Customer")]
    reasons = [
        [rule["reason"] for rule in explained("--id", str(entry.pk))[0]["did_not_apply"]] for entry in entries
    ]  # fmt: skip
    elsewhere = "it is for entries of others, and this one is of hours"
    assert reasons == [
        [elsewhere, "no task of tasks has the code '#7'", "its breadcrumb pattern does not match"],
        [elsewhere, "its text pattern does not match", "its breadcrumb pattern does not match"],
    ]


def test_a_stored_match_that_is_older_than_the_rules_is_told(example: Example) -> None:
    entry = example.entry("#1 started")
    ran("match_project", "example")
    assert explained("--id", str(entry.pk))[0]["stored"] == {"task": None, "rule": None, "is_up_to_date": True}
    example.task("#1")
    [told] = explained("--id", str(entry.pk))
    assert (told["match"]["task"]["code"], told["stored"]["is_up_to_date"]) == ("#1", False)
    assert "match_project updates it" in told["stored"]["note"]


def test_the_most_recent_entries_of_a_user_are_explained(example: Example) -> None:
    ann, other = example.person("ann"), example.person("ann", tracker=example.tasks)
    for number in range(5):
        example.entry(str(number), external_user=(ann, other)[number % 2])
    example.entry("not hers", external_user=example.person("bob"))
    assert texts("--username", "ANN") == ["4", "3", "2"]
    assert texts("--username", "ann", "--max-count", "1") == ["4"]


def test_somebody_unknown_here_is_found_by_what_the_tracker_calls_them(example: Example) -> None:
    example.entry("work", external_user=example.person("stranger", is_known=False))
    assert texts("--username", "stranger") == ["work"]
    example.person("alice")
    assert refused("--username", "alize") == (1, "there is no user 'alize': did you mean 'alice'?")
    assert refused("--username", "ALIZE") == (1, "there is no user 'ALIZE': did you mean 'alice'?")


def test_a_time_range_selects_all_entries_in_the_zone_of_their_organization(example: Example) -> None:
    far = Example("far", time_zone="Pacific/Auckland")
    for hours in (-1, 0, 23, 24):
        example.entry(f"here {hours}", started_at=datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=hours - 1))
        far.entry(f"far {hours}", started_at=datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=hours - 13))
    assert texts("--started-from", "2026-01-05", "--started-until", "2026-01-05") == [
        "here 23", "far 23", "here 0", "far 0"
    ]  # fmt: skip
    assert texts("--started-from", "2026-01-05T23:00+01:00") == ["here 24", "here 23"]
    assert texts("--started-until", "2026-01-04T23:00+13:00") == ["far -1"]


def test_a_time_range_goes_with_a_user(example: Example) -> None:
    for name in ("ann", "bob"):
        for day in range(4):
            example.entry(f"{name} {day}", external_user=example.person(name), started_at=MONDAY + timedelta(days=day))
    assert texts("--username", "ann", "--started-until", "2026-01-06") == ["ann 1", "ann 0"]
    assert texts("--username", "ann", "--started-from", "2026-01-06", "--max-count", "2") == ["ann 3", "ann 2"]


def test_more_than_one_result_can_hold_is_left_out_and_said(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.tracking.explain_work_entry.MAX_ENTRIES", 2)
    for number in range(5):
        example.entry(str(number))
    ended = ran("explain_work_entry", "--started-from", "2026-01-01")
    assert [told["entry"]["text"] for told in ended.outcome["result"]["entries"]] == ["4", "3"]
    assert (ended.outcome["result"]["left_out"], ended.counts) == (3, {"processed": 2, "unchanged": 2})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "which work entries? --id selects one"),
        (["--max-count", "2"], "which work entries?"),
        (["--max-count", "2", "--started-from", "2026-01-01"], "--max-count requires --username"),
        (["--id", str(uuid4()), "--username", "ann"], "--id selects one entry"),
        (["--id", "7"], "--id should be a valid UUID"),
        (["--started-from", "monday"], "--started-from must be a date such as 2026-01-31"),
    ],
)
def test_a_selection_that_is_none_is_refused_with_2(options: list[str], told: str) -> None:
    code, message = refused(*options)
    assert (code, told in message, Run.objects.count()) == (2, True, 0)


def test_an_id_that_nothing_has_is_told() -> None:
    missing = str(uuid4())
    assert refused("--id", missing) == (1, f"there is no work entry {missing}")


def test_a_rule_that_cannot_be_applied_is_named(example: Example) -> None:
    example.rule("pattern_to_task", text_pattern="a(", target_task="x")
    entry = example.entry("work")
    assert refused("--id", str(entry.pk)) == (1, 'rule "pattern_to_task a( x" of tasks: missing ): a(')


def test_with_json_the_outcome_holds_the_entries(example: Example) -> None:
    entry = example.entry("work")
    ended = ran("explain_work_entry", "--id", str(entry.pk))
    assert ended.outcome["result"]["entries"] == explained("--id", str(entry.pk))
    assert ended.counts == {"processed": 1, "unchanged": 1}
