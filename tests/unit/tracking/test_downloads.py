from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.kernel import downloads
from backend.tracking.kernel.downloads import Entry, Stored
from backend.tracking.kernel.records import BrokenRecord, Person, Record, TaskRecord, WorkRecord
from tests.unit.tracking.factories import ADA, MORNING, task_record, work_record

BOB = Person("bob")
IDS = st.sampled_from(["1", "2", "3"])
TASKS = st.builds(
    task_record,
    IDS,
    title=st.sampled_from(["Print labels", "Größe", "🎬"]),
    assignees=st.sampled_from([(), (ADA,), (ADA, BOB), (BOB, ADA)]),
)
ENTRIES = st.builds(work_record, IDS, duration=st.sampled_from([None, timedelta(minutes=5)]))
DOWNLOADS = st.sampled_from([TASKS, ENTRIES]).flatmap(
    lambda kind: st.tuples(st.lists(kind, max_size=6), st.lists(kind, max_size=3))
)


def as_stored(record: TaskRecord | WorkRecord) -> dict[str, Stored]:
    return {record.external_id: Stored(uuid4(), downloads.values(record))}


def entry(record: Record, stored: Mapping[str, Stored]) -> Entry:
    [change] = downloads.plan([record], stored)
    assert isinstance(change.payload, Entry)
    return change.payload


def test_a_record_that_is_not_stored_is_created_with_what_it_has() -> None:
    [change] = downloads.plan([task_record(title="Größe 🎬", assignees=(ADA,))], {})
    assert (change.action, change.key, change.label) == ("created", "1", "#1 Größe 🎬")
    assert change.fields == {"code": (None, "#1"), "title": (None, "Größe 🎬"), "assignees": (None, ["ada"])}
    assert change.payload.pk is None


@pytest.mark.parametrize("record", [task_record(author=ADA, assignees=(ADA, BOB)), work_record()])
def test_what_is_stored_already_is_unchanged_and_only_noted(record: TaskRecord | WorkRecord) -> None:
    [change] = downloads.plan([record], as_stored(record))
    assert change.action == "unchanged"
    assert change.payload == Entry("1", record=record)


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (task_record(), task_record(title="Print more"), {"title": ("Print labels", "Print more")}),
        (task_record(assignees=(ADA,)), task_record(assignees=(BOB, ADA)), {"assignees": (["ada"], ["ada", "bob"])}),
        (task_record(author=ADA), task_record(), {"author": ("ada", "")}),
        (task_record(closed_at=MORNING), task_record(), {"closed_at": ("2026-03-02 09:30:00+00:00", None)}),
        (work_record(), work_record(person=None), {"user": ("ada", "")}),
        (work_record(), work_record(duration=timedelta(minutes=5)), {"duration": ("1:30:00", "0:05:00")}),
    ],
)
def test_a_changed_record_keeps_its_row_and_tells_each_changed_field(
    before: TaskRecord | WorkRecord, after: TaskRecord | WorkRecord, fields: dict[str, Any]
) -> None:
    stored = as_stored(before)
    [change] = downloads.plan([after], stored)
    assert (change.action, change.fields) == ("updated", fields)
    assert change.payload == Entry("1", stored["1"].pk, downloads.values(after), after)


def test_the_order_of_assignees_is_no_change() -> None:
    assert entry(task_record(assignees=(BOB, ADA)), as_stored(task_record(assignees=(ADA, BOB)))).values is None


def test_a_running_timer_is_skipped_but_noted() -> None:
    [change] = downloads.plan([work_record(duration=None)], {})
    assert (change.action, change.reason, change.payload) == ("skipped", "running", Entry("1"))


def test_a_record_that_is_not_understood_is_failed_but_noted() -> None:
    broken, good = downloads.plan([BrokenRecord("7", "title: not a text"), task_record()], {})
    assert (broken.action, broken.reason, broken.payload) == ("failed", "not_understood", Entry("7"))
    assert broken.label == "7: title: not a text"
    assert good.action == "created"


def test_of_a_record_that_comes_twice_the_last_one_counts() -> None:
    first, second = downloads.plan([task_record(title="old"), task_record(title="new")], {})
    assert (first.action, second.action) == ("unchanged", "created")
    assert second.payload.record.title == "new"


def test_a_long_text_is_shortened_where_it_is_recorded_and_written_as_it_is() -> None:
    [change] = downloads.plan([task_record(description="x" * 5000)], {})
    assert change.fields["description"] == (None, "x" * 199 + "…")
    assert change.payload.values["description"] == "x" * 5000


@given(DOWNLOADS)
def test_every_record_becomes_one_change_and_a_second_time_nothing_changes(
    downloaded: tuple[list[TaskRecord | WorkRecord], list[TaskRecord | WorkRecord]],
) -> None:
    records, before = downloaded
    stored = {record.external_id: Stored(uuid4(), downloads.values(record)) for record in before}
    plan = downloads.plan(records, stored)
    assert [change.key for change in plan] == [record.external_id for record in records]
    written = {change.key: change.payload.values for change in plan if change.payload.values is not None}
    after = stored | {key: Stored(uuid4(), values) for key, values in written.items()}
    assert {change.action for change in downloads.plan(records, after)} <= {"unchanged", "skipped"}
