from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backend.tracking.kernel import downloads
from backend.tracking.kernel.downloads import Entry
from backend.tracking.kernel.records import Person, TaskRecord, WorkRecord
from backend.tracking.models import Tracker, WorkEntry
from backend.tracking.services import people, task_rows, work_rows
from tests.integration.tracking.projects import Example

pytestmark = pytest.mark.django_db

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
persons = st.none() | st.builds(Person, username=st.text("abcü𝄞", min_size=1), name=texts)
moments = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 - the zone is drawn
    datetime(9000, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC) | st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
tasks = st.builds(
    TaskRecord,
    external_id=st.text("12ü'", min_size=1, max_size=3),
    code=st.text("A1-", max_size=5),
    title=texts,
    description=texts,
    state=texts,
    created_at=st.none() | moments,
    updated_at=st.none() | moments,
    closed_at=st.none() | moments,
    due_on=st.none() | st.dates(),
    estimate=st.none() | st.decimals(0, 9999, places=2),
    author=persons,
    assignees=st.lists(persons.filter(bool), max_size=2).map(tuple),
)
entries = st.builds(
    WorkRecord,
    external_id=st.text("12ü'", min_size=1, max_size=3),
    person=persons,
    breadcrumb=texts,
    text=texts,
    started_at=moments,
    duration=st.timedeltas(timedelta(), timedelta(days=50_000)),
    external_task=texts,
)


@pytest.fixture
def tracker() -> Tracker:
    return Example().tasks


def check_unchanged_once_written(rows: ModuleType, tracker: Tracker, record: TaskRecord | WorkRecord) -> None:
    """Written as a new row, and again over the row that is there."""
    for number in range(2):
        stored = rows.stored(tracker, {record.external_id})
        pk = stored[record.external_id].pk if stored else None
        entry = Entry(record.external_id, pk, downloads.values(record), record)
        rows.write(tracker, [entry], people.known(tracker, entry.people))
        (change,) = downloads.plan([record], rows.stored(tracker, {record.external_id}))
        assert change.action == "unchanged", (number, change.fields)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tasks)
def test_a_task_is_unchanged_once_it_is_written(tracker: Tracker, record: TaskRecord) -> None:
    check_unchanged_once_written(task_rows, tracker, record)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries)
@example(WorkRecord(external_id="1", person=None, started_at=datetime(2026, 1, 1, tzinfo=UTC), duration=timedelta(1e4)))
def test_a_work_entry_is_unchanged_once_it_is_written(tracker: Tracker, record: WorkRecord) -> None:
    check_unchanged_once_written(work_rows, tracker, record)
    assert WorkEntry.objects.filter(duration=record.duration).exists()  # for PostgreSQL, too, which adds them up
