from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.github.answer import User
from backend.tracking.connectors.github.connector import Reading
from backend.tracking.kernel.records import Person
from tests.unit.tracking.connectors.test_changes import EVENTS, SIZE, Team, ids, moment
from upkeep.remote.answers import Reply
from upkeep.remote.errors import RemoteResponseError
from upkeep.remote.exchange import Request

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
MOMENTS = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='seconds')}Z") | st.sampled_from([FIRST, LAST])


def page(*times: object, link: str = "") -> Reply:
    content: list[Any] = [{"id": number, "updated_at": time} for number, time in enumerate(times)]
    return Reply(content, httpx2.Headers({"Link": f'<{link}>; rel="next"'} if link else {}))


def by_links(team: Team) -> Iterator[list[Any]]:
    """Walk through the list as the connector does, and answer as GitHub does."""
    reading = Reading("/issues", "")
    request: Any = reading.first()
    while request:
        query = dict(request.query) or dict(parse_qsl(urlsplit(request.path).query))
        since, start = query.get("since", ""), int(query.get("page", "0")) * SIZE
        found = [item for item in team.items() if datetime.fromisoformat(item["updated_at"]) >= moment(since)]
        items = found[start : start + SIZE]
        yield items
        link = f"/issues?{urlencode({'since': since, 'page': start // SIZE + 1})}" if len(found) > start + SIZE else ""
        request = reading.following(Reply(items, httpx2.Headers({"Link": f'<{link}>; rel="next"'} if link else {})))


@given(st.lists(st.integers(0, 40), max_size=60) | st.lists(st.integers(0, 2), max_size=60), EVENTS)
def test_nothing_is_missed_whatever_the_team_does(times: list[int], events: list[tuple[str, int]]) -> None:
    team = Team(times, events)
    assert team.untouched <= set(ids(by_links(team)))


def test_pages_of_one_moment_are_read_forth_and_back_and_the_position_waits_for_that() -> None:
    reading = Reading("/issues", "")
    at_once, later = ["2026-03-01T08:00:00Z"] * 2, ["2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z"]
    first = reading.first()
    replies = [page(*at_once, link="/2"), page(*at_once, link="/3"), page(*later, link="/4"), page(*at_once)]
    asked = [reading.following(reply) for reply in replies]
    assert (asked, reading.position) == ([Request("/2"), Request("/3"), Request("/2"), first], "")
    request = reading.following(page(*at_once, link="/2"))
    assert request == Request("/issues", {**dict(first.query), "since": "2026-03-01T08:59:59Z"})
    assert reading.position == "2026-03-01T08:59:00Z"
    assert reading.following(page(later[1])) is None


def test_a_change_at_the_beginning_of_time_is_no_position() -> None:
    reading = Reading("/issues", "")
    assert reading.following(page(FIRST)) is None
    assert not reading.position


@pytest.mark.parametrize(
    ("times", "since"),
    [
        ([FIRST, "0001-01-01T00:00:05Z"], "0001-01-01T00:00:04Z"),
        (["2026-03-01T08:00:00Z", LAST], "9999-12-31T23:59:58Z"),
    ],
)
def test_the_next_page_begins_where_this_one_ended_at_any_time(times: list[str], since: str) -> None:
    request: Any = Reading("/issues", "").following(page(*times, link="/more"))
    assert request.query["since"] == since


@pytest.mark.parametrize("circle", [["/a"], ["/a", "/b"], ["/a", "/b", "/c"]])
def test_links_in_a_circle_are_not_followed_for_ever(circle: list[str]) -> None:
    reading = Reading("/issues", "")
    for link in circle:
        assert reading.following(page(link=link))
    with pytest.raises(RemoteResponseError, match="same page"):
        reading.following(page(link=circle[0]))


@given(st.lists(MOMENTS), st.sampled_from(["", "/more"]))
def test_any_times_make_a_position_that_is_understood(times: list[str], link: str) -> None:
    reading = Reading("/issues", "")
    reading.following(page(*times, link=link))
    assert Reading("/issues", reading.position).position == reading.position


@pytest.mark.parametrize(
    ("login", "kind", "person"),
    [
        ("ada", "User", Person("ada", external_id="5")),
        ("ada", "Organization", Person("ada", external_id="5")),
        ("ghost", "User", None),
        ("renovate[bot]", "Bot", None),
        ("ada-imported", "Mannequin", None),
        ("", "User", None),
    ],
)
def test_programs_ghosts_and_placeholders_are_nobody(login: str, kind: str, person: Person | None) -> None:
    assert User.model_validate({"login": login, "id": 5, "type": kind}).person == person


def test_a_change_in_the_far_future_hides_none_until_then() -> None:
    reading = Reading("/issues", "")
    assert reading.following(page("2026-03-01T08:00:00Z", LAST)) is None
    assert datetime.fromisoformat(reading.position) <= datetime.now(UTC)
