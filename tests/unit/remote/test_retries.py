from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.remote.retries import LONGEST_PAUSE, pause_wanted


def test_seconds_are_taken_as_they_are() -> None:
    assert pause_wanted(" 17 ") == 17


def test_a_date_is_taken_as_the_time_until_then() -> None:
    then = datetime.now(UTC) + timedelta(seconds=20)
    assert pause_wanted(format_datetime(then, usegmt=True)) == pytest.approx(20, abs=2)


def test_a_date_that_is_over_asks_for_nothing() -> None:
    assert pause_wanted("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize("wish", ["86400", "9" * 500, "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_nobody_waits_longer_than_a_minute(wish: str) -> None:
    assert pause_wanted(wish) == LONGEST_PAUSE == 60


@given(st.text())
@example("")
@example("-1")
@example("1e3")
@example("soon")
@example("Fri, 31 Dec 99999 23:59:59 GMT")
def test_no_wish_breaks_anything(wish: str) -> None:
    assert 0 <= pause_wanted(wish) <= LONGEST_PAUSE
