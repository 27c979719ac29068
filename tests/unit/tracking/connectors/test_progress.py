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
TIMES = st.datetimes(timezones=st.just(UTC))


class Tracker:
    """Days 1 to 3, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime | None]] = []

    def everything(self, reached: datetime | None) -> Iterator[Part]:
        self.asked.append(("everything", reached))
        begin = (reached - NOW).days if reached else 0
        for day in range(begin, 3):
            yield Part((BrokenRecord(f"day {day}", ""),), NOW + (day + 1) * DAY)

    def changes(self, since: datetime, reached: datetime | None) -> Iterator[Part]:
        self.asked.append(("changes", since))
        for day in range((reached - since).days if reached else 0, 3):
            yield Part((BrokenRecord(f"changed {day}", ""),), since + (day + 1) * DAY)

    def meanwhile(self, since: datetime) -> Iterator[Part]:
        self.asked.append(("meanwhile", since))
        yield Part((BrokenRecord("new", ""),), NOW)

    def pages(self, position: str, *, since: datetime = NOW) -> Iterator[RecordPage]:
        return progress.pages(
            position, since=since, everything=self.everything, changes=self.changes, meanwhile=self.meanwhile
        )


def ids(pages: list[RecordPage]) -> list[str]:
    return [record.external_id for page in pages for record in page.records if isinstance(record, BrokenRecord)]


def test_everything_is_read_once_and_then_what_changed() -> None:
    tracker = Tracker()
    first = [*tracker.pages("")]
    second = [*tracker.pages(first[-1].position, since=NOW + DAY)]
    [*tracker.pages(second[-1].position)]
    assert ids(first) == ["day 0", "day 1", "day 2"]
    assert ids(second) == ["changed 0", "changed 1", "changed 2"]
    assert tracker.asked == [("everything", None), ("changes", NOW), ("changes", NOW + DAY)]


def test_an_interrupted_download_reads_what_is_new_since_it_began_and_goes_on() -> None:
    tracker = Tracker()
    position = next(tracker.pages("")).position
    rest = [*tracker.pages(position, since=NOW + 5 * DAY)]
    assert ids(rest) == ["new", "day 1", "day 2"]
    assert tracker.asked[1:] == [("meanwhile", NOW), ("everything", NOW + DAY)]
    assert rest[0].position == position
    assert ids([*tracker.pages(rest[-1].position)]) == ["changed 0", "changed 1", "changed 2"]
    assert tracker.asked[-1] == ("changes", NOW)


def test_an_interrupted_download_of_changes_goes_on_and_the_next_one_begins_where_it_began() -> None:
    tracker = Tracker()
    complete = [*tracker.pages("")][-1].position
    position = next(tracker.pages(complete, since=NOW + 5 * DAY)).position
    rest = [*tracker.pages(position, since=NOW + 9 * DAY)]
    assert ids(rest) == ["new", "changed 1", "changed 2"]
    assert tracker.asked[2:] == [("meanwhile", NOW + 5 * DAY), ("changes", NOW)]
    [*tracker.pages(rest[-1].position)]
    assert tracker.asked[-1] == ("changes", NOW + 5 * DAY)


def test_a_download_that_is_interrupted_at_every_page_comes_to_its_end() -> None:
    tracker = Tracker()
    position, seen = [*tracker.pages("")][-1].position, list[str]()
    for _ in range(4):
        page = next(page for page in tracker.pages(position) if page.position != position)
        position = page.position
        seen += ids([page])
    assert seen == ["changed 0", "changed 1", "changed 2"]
    assert position == Progress(since=NOW).position


@pytest.mark.parametrize("reached", ["", ', "reached": "2026-03-30T00:00:00Z"'])
def test_a_position_from_before_there_was_a_third_part_is_understood(reached: str) -> None:
    tracker = Tracker()
    [*tracker.pages(f'{{"since": "2026-03-01T00:00:00Z"{reached}}}')]
    assert tracker.asked[-1][0] == ("everything" if reached else "changes")


@pytest.mark.parametrize("position", ["7", "[]", "{", '{"since": "soon"}', '{"since": "2026-01-01T00:00:00"}', "\0"])
def test_a_position_that_is_not_understood_is_the_start(position: str) -> None:
    assert Progress.of(position) == Progress()


@given(st.builds(Progress, since=TIMES, reached=TIMES, changed_since=st.none() | TIMES))
def test_a_position_is_read_as_it_was_written(there: Progress) -> None:
    assert Progress.of(there.position) == there
