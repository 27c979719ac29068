from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors import changes
from backend.tracking.connectors.changes import Newest, UnsteadyError, joined
from backend.tracking.connectors.gitlab import connector as gitlab
from backend.tracking.connectors.moments import to_milliseconds
from backend.tracking.kernel.records import BrokenRecord, TaskRecord
from upkeep.remote.answers import Reply
from upkeep.remote.errors import RemoteResponseError

SIZE = 5
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

EVENTS = st.lists(st.tuples(st.sampled_from(["nothing", "move", "delete", "add"]), st.integers(0, 12)), max_size=30)
TIMES = st.lists(st.integers(0, 40), min_size=12, max_size=40)


class Team:
    """A list by the time of the last change; whenever somebody looks at it, the next thing happens."""

    def __init__(self, times: list[int], events: Iterable[tuple[str, int]] = ()) -> None:
        self._times = dict(enumerate(sorted(times)))
        self._events = iter(events)
        self.untouched = set(self._times)

    def items(self) -> list[dict[str, Any]]:
        for event, which in islice(self._events, 1):
            self._happen(event, which)
        order = sorted(self._times, key=lambda number: (self._times[number], number))
        return [
            {"id": number, "updated": self._times[number], "updated_at": text(self._times[number])} for number in order
        ]

    def _happen(self, event: str, which: int) -> None:
        latest = max(self._times.values(), default=0) + 1
        if event == "add":
            self._times[1000 + latest] = latest
        if which not in self._times:
            return
        if event == "move":
            self._times[which] = latest
            self.untouched.discard(which)
        elif event == "delete":
            del self._times[which]
            self.untouched.discard(which)

    def ahead(self, offsets: Iterable[int]) -> Iterator[list[object]]:
        """Answer four requests at a time, the last one first."""
        source = iter(offsets)
        while batch := list(islice(source, 4)):
            answers = [self.items()[offset : offset + SIZE] for offset in reversed(batch)]
            yield from (list(answer) for answer in reversed(answers))


def text(minutes: int) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


def ids(pages: Iterable[list[Any]]) -> list[int]:
    return [item["id"] for page in pages for item in page]


@given(TIMES, EVENTS)
def test_nothing_is_missed_by_offset_whatever_the_team_does(times: list[int], events: list[tuple[str, int]]) -> None:
    team = Team(times, events)
    assert team.untouched <= set(ids(joined(team.ahead, size=SIZE, time="updated")))


@given(st.lists(st.integers(0, 40), max_size=60))
def test_when_nothing_happens_each_item_comes_once_and_in_order(times: list[int]) -> None:
    assert ids(joined(Team(times).ahead, size=SIZE, time="updated")) == list(range(len(times)))


def test_one_that_vanishes_takes_no_other_over_the_end_of_a_page() -> None:
    team = Team(list(range(20)), [("nothing", 0), ("delete", 0)])
    assert ids(joined(team.ahead, size=SIZE, time="updated")) == list(range(20))


def test_an_item_that_moved_is_no_sign_that_two_pages_meet() -> None:
    """All that was read is deleted but for the last item, which moves to the end: just where the next page begins."""
    first: list[object] = [{"id": number, "updated": number} for number in range(SIZE)]
    then: list[object] = [{"id": number, "updated": number} for number in range(SIZE, 2 * SIZE - 1)]
    moved: list[object] = [{"id": SIZE - 1, "updated": 99}]
    answers = {0: [first, then], SIZE - 1: [moved]}

    def pages(offsets: Iterable[int]) -> Iterator[list[object]]:
        for offset in offsets:
            yield answers[offset].pop(0)

    assert set(range(2 * SIZE - 1)) == set(ids(joined(pages, size=SIZE, time="updated")))


def test_a_list_of_one_page_is_asked_for_once() -> None:
    asked: list[int] = []

    def pages(offsets: Iterable[int]) -> Iterator[list[object]]:
        asked.extend(islice(offsets, 4))
        yield [{"id": 1, "updated": 1}]

    assert ids(joined(pages, size=SIZE, time="updated")) == [1]
    assert asked == [0]


def test_a_list_in_another_order_each_time_is_given_up() -> None:
    def pages(offsets: Iterable[int]) -> Iterator[list[object]]:
        for offset in offsets:
            yield [{"id": f"{offset} {place}", "updated": 1} for place in range(SIZE)]

    with pytest.raises(UnsteadyError):
        list(joined(pages, size=SIZE, time="updated"))


def by_time(team: Team) -> Iterator[list[Any]]:
    """Walk through the list as the connector of GitLab does, and answer as GitLab does."""
    reading = gitlab.Reading("/issues", None)
    request: Any = reading.request
    while request:
        since, page = request.query.get("updated_after", ""), int(request.query["page"])
        found = [item for item in team.items() if datetime.fromisoformat(item["updated_at"]) >= moment(since)]
        items = found[(page - 1) * SIZE : page * SIZE]
        yield items
        following = str(page + 1) if len(found) > page * SIZE else ""
        request = reading.following(Reply(items, httpx2.Headers({"x-next-page": following})))


def moment(since: str) -> datetime:
    return datetime.fromisoformat(since) if since else NOON


@given(st.lists(st.integers(0, 40), max_size=60) | st.lists(st.integers(0, 2), max_size=60), EVENTS)
def test_nothing_is_missed_by_time_whatever_the_team_does(times: list[int], events: list[tuple[str, int]]) -> None:
    team = Team(times, events)
    assert team.untouched <= set(ids(by_time(team)))


@given(st.lists(st.integers(0, 3), max_size=60))
def test_nothing_is_missed_by_time_where_much_was_changed_at_once(times: list[int]) -> None:
    team = Team(times)
    assert team.untouched == set(ids(by_time(team)))


def test_the_same_page_again_and_again_is_told() -> None:
    reading = gitlab.Reading("/issues", None)
    same = Reply([{"updated_at": text(1)}], httpx2.Headers({"x-next-page": "2"}))
    assert reading.following(same)
    assert reading.following(same)
    with pytest.raises(RemoteResponseError, match="same page"):
        reading.following(same)


@pytest.mark.parametrize(
    ("headers", "number", "goes_on"),
    [
        ({}, 100, True),
        ({}, 99, False),
        ({"x-next-page": "2"}, 1, True),
        ({"x-next-page": ""}, 100, False),
        ({"link": '<http://x/?page=2>; rel="next", <http://x/?page=1>; rel="first"'}, 1, True),
        ({"link": "<http://x/?page=2>; rel=next"}, 1, True),
        ({"link": '<http://x/?page=2>; rel="last next"'}, 1, True),
        ({"link": '<http://x/?page=1>; rel="first"'}, 100, False),
        ({"link": '<http://x/?rel="next">; rel="first"'}, 100, False),
    ],
)
def test_whether_a_page_follows_is_told_by_headers_or_by_its_length(
    headers: dict[str, str], number: int, *, goes_on: bool
) -> None:
    reading = gitlab.Reading("/issues", None)
    reply = Reply([{"updated_at": text(1)}] * number, httpx2.Headers(headers))
    assert bool(reading.following(reply)) == goes_on


def task(minutes: int | None) -> TaskRecord:
    time = None if minutes is None else NOON + timedelta(minutes=minutes)
    return TaskRecord(external_id="1", code="#1", title="", updated_at=time)


def test_the_position_is_the_newest_change_and_never_goes_back() -> None:
    newest = Newest.at("")
    assert newest.page([]).position == ""
    position = str(to_milliseconds(NOON + timedelta(minutes=7)))
    assert newest.page([task(3), task(7), task(5), task(None), BrokenRecord("2", "odd")]).position == position
    assert newest.page([task(1)]).position == position
    assert Newest.at(position).page([]).position == position


def test_a_change_in_the_far_future_hides_none_until_then() -> None:
    newest = Newest()
    newest.page([TaskRecord(external_id="1", code="1", title="", updated_at=datetime(9999, 12, 31, tzinfo=UTC))])
    assert newest.time is not None
    assert newest.time <= datetime.now(UTC)


def test_a_download_goes_on_a_little_before_its_position() -> None:
    assert Newest.at(str(to_milliseconds(NOON))).since == NOON - changes.OVERLAP


@pytest.mark.parametrize("position", ["", "2026-03-01", '{"page": 2}', "9" * 30, "-62135596800000"])
def test_a_position_of_another_system_means_the_start(position: str) -> None:
    assert Newest.at(position).since is None
