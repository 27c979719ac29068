from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.remote.answers import Reply
from backend.remote.errors import RemoteResponseError
from backend.tracking.connectors.github import Reading

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
MOMENTS = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='seconds')}Z") | st.sampled_from([FIRST, LAST])


def page(*times: object, link: str = "") -> Reply:
    content: list[Any] = [{"id": number, "updated_at": time} for number, time in enumerate(times)]
    return Reply(content, httpx2.Headers({"Link": f'<{link}>; rel="next"'} if link else {}))


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
