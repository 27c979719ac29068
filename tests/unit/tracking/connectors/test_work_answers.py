from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.clockodo.answer import TimeEntry, is_about_money
from backend.tracking.connectors.kimai.answer import Timesheet
from backend.tracking.connectors.toggl.answer import ReportEntry, flat
from backend.tracking.connectors.wire import record
from backend.tracking.kernel.records import BrokenRecord, Record, WorkRecord
from upkeep.remote.wire import Answer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)

NAMED = {"id": 1, "name": "A"}
KIMAI: dict[str, Any] = {
    "id": 501,
    "begin": "2026-03-27T14:35:00+0100",
    "end": "2026-03-27T16:05:00+0100",
    "duration": 5400,
    "description": "Label layout",
    "metaFields": [],
    "activity": NAMED | {"name": "Development"},
    "project": {"id": 123, "name": "Webshop", "customer": {"id": 234, "name": "ACME"}},
    "user": {"id": 4, "username": "ada", "alias": "Ada L."},
}
CLOCKODO: dict[str, Any] = {
    "id": 9001,
    "type": 1,
    "customers_name": "ACME",
    "projects_name": "Webshop",
    "users_id": 5,
    "users_name": "Ada L.",
    "services_name": "Development",
    "text": "Label layout",
    "time_since": "2026-03-27T13:35:00Z",
    "duration": 5400,
}
TOGGL: dict[str, Any] = {
    "id": 3_456_789_012,
    "user_id": 3001,
    "username": "Ada L.",
    "email": "ada@example.com",
    "client_name": "ACME",
    "project_name": "Webshop",
    "task_id": None,
    "task_name": None,
    "description": "Label layout",
    "seconds": 5400,
    "start": "2026-03-27T14:35:00+01:00",
    "stop": "2026-03-27T16:05:00+01:00",
}
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def kimai(**fields: Any) -> Record:
    return record(Timesheet, KIMAI | fields, lambda entry: entry.work)


def clockodo(**fields: Any) -> Record:
    return record(TimeEntry, CLOCKODO | fields, lambda entry: entry.work)


def toggl(**fields: Any) -> Record:
    return record(ReportEntry, TOGGL | fields, lambda entry: entry.work)


def work(found: Record) -> WorkRecord:
    assert isinstance(found, WorkRecord)
    return found


@pytest.mark.parametrize(("make", "field"), [(kimai, "begin"), (clockodo, "time_since"), (toggl, "start")])
@pytest.mark.parametrize("text", ["2026-03-27T14:35:00", "2026-03-27", "soon", "", None, 5, "0001-01-01T00:00:00Z"])
def test_a_start_that_is_no_moment_breaks_the_entry_alone(
    make: Callable[..., Record], field: str, text: object
) -> None:
    found = make(**{field: text})
    assert isinstance(found, BrokenRecord)
    assert found.external_id in {"501", "9001", "3456789012"}
    assert found.problem.startswith(field)


@given(st.datetimes(datetime(1971, 1, 1), datetime(8999, 1, 1), timezones=OFFSETS))  # noqa: DTZ001
def test_every_offset_comes_out_as_the_same_moment_in_utc(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    found = [
        work(kimai(begin=moment.strftime("%Y-%m-%dT%H:%M:%S%z"))),
        work(clockodo(time_since=f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")),
        work(toggl(start=moment.isoformat())),
    ]
    assert {entry.started_at for entry in found} == {moment}
    assert {entry.started_at.tzinfo for entry in found} == {UTC}


@pytest.mark.parametrize(
    "running", [kimai(end=None, duration=0), kimai(end=None, duration=None), clockodo(duration=None)]
)
def test_a_running_timer_has_no_duration(running: Record) -> None:
    assert work(running).duration is None


@pytest.mark.parametrize("fields", [{"stop": None}, {"seconds": -1}, {"stop": None, "seconds": -1_774_602_900}])
def test_a_running_timer_of_toggl_has_no_duration(fields: dict[str, Any]) -> None:
    assert work(toggl(**fields)).duration is None


@pytest.mark.parametrize(
    "broken",
    [
        kimai(duration=None),
        kimai(duration=2**31),
        kimai(duration=-(2**31)),
        clockodo(duration=-1),
        clockodo(duration="1"),
        toggl(seconds=2**31),
        toggl(seconds=None),
    ],
)
def test_a_duration_that_is_none_is_not_guessed(broken: Record) -> None:
    assert isinstance(broken, BrokenRecord)


@pytest.mark.parametrize("seconds", [-1, -5400, 0])
def test_deductions_of_kimai_are_kept(seconds: int) -> None:
    assert work(kimai(duration=seconds)).duration == timedelta(seconds=seconds)


def test_an_entry_of_clockodo_that_says_nothing_of_its_duration_is_broken() -> None:
    silent = {name: value for name, value in CLOCKODO.items() if name != "duration"}
    assert isinstance(record(TimeEntry, silent, lambda entry: entry.work), BrokenRecord)


@pytest.mark.parametrize(
    ("fields", "task"),
    [
        ([], ""),
        (None, ""),
        ([{"name": "task_id", "value": None}], ""),
        ([{"name": "task_id", "value": 7}], ""),
        ([{"name": "task_url", "value": "https://x"}], "https://x"),
        ([{"name": "task_url", "value": "https://x"}, {"name": "task_id", "value": " #7 "}], "#7"),
        ([{"name": "external_task_id", "value": " "}, {"name": "task_id", "value": "#7"}], "#7"),
        ([{"name": "task_id", "value": "#7"}, {"name": "external_task_id", "value": "X-1"}], "X-1"),
        ([{"name": "task", "value": "#7"}], ""),
        ([{"name": "Ticket", "value": "#7"}, {"name": "ISSUE", "value": "#8"}], "#7"),
        ([{"name": "task_id", "value": "#\x007"}], "#7"),
        ([{"name": "ticket", "value": "ABC-12"}, {"name": "issue", "value": "#7"}], "ABC-12"),
        ([{"name": "issue", "value": "#7"}, {"name": "task_url", "value": "https://x"}], "https://x"),
    ],
)
def test_custom_fields_of_kimai_name_the_task(fields: object, task: str) -> None:
    assert work(kimai(metaFields=fields)).external_task == task


def test_which_custom_fields_of_kimai_name_the_task_and_in_which_order_may_be_said() -> None:
    values = {"task_id": "#7", "Jira key": "ABC-12", "ticket": " "}
    timesheet = Timesheet.model_validate(
        KIMAI | {"metaFields": [{"name": name, "value": value} for name, value in values.items()]}
    )
    assert timesheet.task(["ticket", "Jira key", "task_id"]) == "ABC-12"
    assert timesheet.task(["task_id", "Jira key"]) == "#7"
    assert timesheet.task(["jira key"]) == "ABC-12"
    assert timesheet.task(["other"]) == ""


def test_lump_sums_are_about_money_and_what_is_unknown_is_not() -> None:
    assert [is_about_money(CLOCKODO | {"type": kind}) for kind in (1, 2, 3, 4, "2", None)] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert not is_about_money("text")
    assert isinstance(clockodo(type=4), BrokenRecord)


@pytest.mark.parametrize(
    ("fields", "username"),
    [
        ({}, "ada@example.com"),
        ({"email": None}, "Ada L."),
        ({"email": "", "username": None}, "3001"),
    ],
)
def test_people_in_toggl_are_known_by_what_there_is(fields: dict[str, Any], username: str) -> None:
    person = work(toggl(**fields)).person
    assert person
    assert person.username == username


def test_groups_of_toggl_are_flattened() -> None:
    groups = [
        {"user_id": 1, "time_entries": [{"id": 1}, {"id": 2}, "x"]},
        {"user_id": 2},
        None,
        {"user_id": 3, "time_entries": None},
    ]
    assert [*flat(groups)] == [{"user_id": 1, "id": 1}, {"user_id": 1, "id": 2}, "x", {"user_id": 2}, None]


@given(st.sampled_from([(Timesheet, KIMAI), (TimeEntry, CLOCKODO), (ReportEntry, TOGGL)]), st.data())
def test_any_single_surprise_is_an_entry_or_not_understood(
    kind: tuple[type[Timesheet | TimeEntry | ReportEntry], dict[str, Any]], data: st.DataObject
) -> None:
    model, right = kind
    field, value = data.draw(st.sampled_from(sorted(right))), data.draw(JSON)
    found = record(model, right | {field: value}, lambda entry: entry.work)
    assert "\0" not in repr(found)
    assert isinstance(found, BrokenRecord) or (0 < len(found.external_id) <= 200)


@given(st.sampled_from([Timesheet, TimeEntry, ReportEntry]), JSON)
def test_anything_else_is_not_understood(model: type[Answer], item: object) -> None:
    found = record(model, item, lambda _: BrokenRecord("understood", ""))
    assert isinstance(found, BrokenRecord)
    assert found.external_id != "understood"
