from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors import progress
from backend.tracking.connectors.progress import Part, Progress
from backend.tracking.kernel.records import BrokenRecord, RecordPage

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Tracker:
    """Days 1 to 3, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime | None]] = []

    def everything(self, reached: datetime | None) -> Iterator[Part]:
        self.asked.append(("everything", reached))
        begin = (reached - NOW).days if reached else 0
        for day in range(begin, 3):
            yield Part((BrokenRecord(f"day {day}", ""),), NOW + (day + 1) * DAY)

    def changes(self, since: datetime) -> Iterator[Part]:
        self.asked.append(("changes", since))
        yield Part((BrokenRecord("changed", ""),), NOW)
        yield Part((BrokenRecord("changed, too", ""),), NOW)

    def pages(self, position: str, *, since: datetime = NOW) -> Iterator[RecordPage]:
        return progress.pages(position, since=since, everything=self.everything, changes=self.changes)


def ids(pages: list[RecordPage]) -> list[str]:
    return [record.external_id for page in pages for record in page.records if isinstance(record, BrokenRecord)]


def test_everything_is_read_once_and_then_what_changed() -> None:
    tracker = Tracker()
    first = [*tracker.pages("")]
    second = [*tracker.pages(first[-1].position, since=NOW + DAY)]
    [*tracker.pages(second[-1].position)]
    assert ids(first) == ["day 0", "day 1", "day 2"]
    assert ids(second) == ["changed", "changed, too"]
    assert tracker.asked == [("everything", None), ("changes", NOW), ("changes", NOW + DAY)]


def test_an_interrupted_download_goes_on_and_then_reads_what_changed_since_it_began() -> None:
    tracker = Tracker()
    pages = tracker.pages("")
    position = next(pages).position
    assert ids([*tracker.pages(position, since=NOW + 5 * DAY)]) == ["day 1", "day 2", "changed", "changed, too"]
    assert tracker.asked[1:] == [("everything", NOW + DAY), ("changes", NOW)]


def test_an_interrupted_download_of_changes_begins_anew() -> None:
    tracker = Tracker()
    complete = [*tracker.pages("")][-1].position
    assert next(tracker.pages(complete, since=NOW + DAY)).position == complete


@pytest.mark.parametrize("position", ["7", "[]", "{", '{"since": "soon"}', '{"since": "2026-01-01T00:00:00"}', "\0"])
def test_a_position_that_is_not_understood_is_the_start(position: str) -> None:
    assert Progress.of(position) == Progress()


@given(st.builds(Progress, since=st.datetimes(timezones=st.just(UTC)), reached=st.datetimes(timezones=st.just(UTC))))
def test_a_position_is_read_as_it_was_written(there: Progress) -> None:
    assert Progress.of(there.position) == there
