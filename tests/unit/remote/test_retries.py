from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from upkeep.remote.retries import LONGEST_PAUSE, TransientError, postponed, seconds_wanted


def test_seconds_are_taken_as_they_are() -> None:
    assert seconds_wanted(" 17 ") == 17


def test_a_date_is_taken_as_the_time_until_then() -> None:
    then = datetime.now(UTC) + timedelta(seconds=20)
    assert seconds_wanted(format_datetime(then, usegmt=True)) == pytest.approx(20, abs=2)


def test_a_date_that_is_over_asks_for_nothing() -> None:
    assert seconds_wanted("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize("wait", [0, 0.5, LONGEST_PAUSE])
def test_a_pause_that_is_granted_is_followed_by_another_attempt(wait: float) -> None:
    with pytest.raises(TransientError, match=r"^Away: try again later$") as caught:
        postponed("Away", wait=wait)
    assert caught.value.pause == wait


def test_nobody_waits_longer_than_a_minute() -> None:
    assert LONGEST_PAUSE == 60
    error = postponed("Away", wait=3600)
    assert not isinstance(error, TransientError)
    told = datetime.strptime(str(error), "Away: try again after %Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
    assert abs(told - datetime.now(UTC) - timedelta(hours=1)) <= timedelta(minutes=1)


@pytest.mark.parametrize("wish", ["86400", "9" * 500, "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_whoever_wants_more_is_told_when_to_try_again(wish: str) -> None:
    assert "try again after 20" in str(postponed("Away", wait=seconds_wanted(wish)))


@given(st.text())
@example("")
@example("-1")
@example("1e3")
@example("soon")
@example("Fri, 31 Dec 99999 23:59:59 GMT")
def test_no_wish_breaks_anything(wish: str) -> None:
    assert seconds_wanted(wish) >= 0
