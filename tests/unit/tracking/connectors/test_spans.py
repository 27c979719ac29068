from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.spans import Span, not_after, not_ahead, server_time

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Antarctica/Troll", "UTC")

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
AUTUMN = datetime(2025, 10, 26, tzinfo=UTC)
NEARBY = st.integers(-7200, 14_400).map(lambda seconds: AUTUMN + timedelta(seconds=seconds))


@given(since=MOMENTS, until=MOMENTS, number=st.integers(-5, 1000), is_open=st.booleans())
def test_the_parts_of_a_span_leave_no_gap(*, since: datetime, until: datetime, number: int, is_open: bool) -> None:
    parts = [*Span(since, None if is_open else max(since, until)).split(number, now=max(since, until))]
    assert 1 <= len(parts) <= 200
    assert parts[0].since == since
    assert parts[-1].until == (None if is_open else max(since, until))
    assert all(before.until == after.since for before, after in pairwise(parts))
    assert all(part.until is None or part.since <= part.until for part in parts)


def test_a_span_that_begins_in_the_future_has_no_width() -> None:
    assert Span(AUTUMN).width(AUTUMN - timedelta(days=3)) == timedelta(0)


@given(MOMENTS | NEARBY, st.sampled_from(ZONES))
def test_clocks_that_show_an_hour_twice_hide_nothing(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    for fold in (0, 1):
        before = not_after(moment, zone).replace(tzinfo=zone, fold=fold).astimezone(UTC)
        assert moment - timedelta(hours=5) < before <= moment


def test_only_the_hour_that_comes_twice_is_moved() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for hour, local in ((23, 1), (1 + 24, 1), (2 + 24, 3)):
        moment = AUTUMN - timedelta(days=1) + timedelta(hours=hour)
        assert not_after(moment, berlin).hour == local


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 31 Mar 2026 12:00:00 GMT", datetime(2026, 3, 31, 12, tzinfo=UTC)),
        ("Tue, 31 Mar 2026 12:00:00 +0200", datetime(2026, 3, 31, 10, tzinfo=UTC)),
        ("Tue, 31 Mar 2026 12:00:00 -0000", datetime(2026, 3, 31, 12, tzinfo=UTC)),
    ],
)
def test_the_time_is_the_servers_own(date: str, expected: datetime) -> None:
    assert server_time({"date": date}) == expected


def test_a_clock_that_is_years_ahead_hides_nothing() -> None:
    assert not_ahead(server_time({"date": "Fri, 31 Dec 9999 23:00:00 GMT"})) <= datetime.now(UTC)


@pytest.mark.parametrize("headers", [{}, {"date": ""}, {"date": "soon"}, {"date": "Fri, 31 Dec 9999 23:00:00 -2300"}])
def test_a_server_that_does_not_tell_the_time_has_ours(headers: dict[str, str]) -> None:
    before = datetime.now(UTC)
    assert before <= server_time(headers) <= datetime.now(UTC)
