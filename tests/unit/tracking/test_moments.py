from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from backend.tracking.kernel import moments

VIENNA = ZoneInfo("Europe/Vienna")


def test_a_date_is_the_whole_day_where_the_organization_is() -> None:
    assert moments.start("2026-07-01", VIENNA) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert moments.end("2026-07-01", VIENNA) == datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert moments.end("2026-10-25", VIENNA) == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_a_time_without_a_zone_is_where_the_organization_is() -> None:
    assert moments.start("2026-01-31T08:30", VIENNA) == datetime(2026, 1, 31, 7, 30, tzinfo=UTC)
    assert moments.end("2026-01-31 08:30", VIENNA) == datetime(2026, 1, 31, 7, 30, 0, 1, tzinfo=UTC)


def test_of_a_time_that_comes_twice_the_first_is_a_start_and_the_last_an_end() -> None:
    assert moments.start("2026-10-25T02:30", VIENNA) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moments.end("2026-10-25T02:30", VIENNA) == datetime(2026, 10, 25, 1, 30, 0, 1, tzinfo=UTC)
    assert moments.end("2026-10-25T02:30+02:00", VIENNA) == datetime(2026, 10, 25, 0, 30, 0, 1, tzinfo=UTC)
    assert moments.end("2026-11-01", ZoneInfo("America/Havana")) == datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert moments.end("2026-10-31", ZoneInfo("America/Havana")) == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_an_end_that_is_skipped_leaves_nothing_out_before_it() -> None:
    assert moments.end("2026-03-29T02:30", VIENNA) > datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_time_with_a_zone_is_that() -> None:
    assert moments.start("2026-01-31T08:30Z", VIENNA) == datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
    assert moments.start("2026-01-31T08:30+05:30", VIENNA) == datetime(2026, 1, 31, 3, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "2026-01-31T25:00", "0001-01-01", "9999-12-31"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date such as"):
        moments.checked(text)
