from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.worker.crontab import Crontab

BERLIN = ZoneInfo("Europe/Berlin")


def crontab(text: str, zone: str = "Europe/Berlin") -> Crontab:
    """The crontab `minute hour day-of-month month day-of-week`."""
    minute, hour, day, month, weekday = text.split()
    return Crontab(minute, hour, weekday, day, month, tz=ZoneInfo(zone))


def due(text: str, after: str, number: int, zone: str = "Europe/Berlin") -> list[str]:
    """The next moments after that one, by the clock of the zone, with its offset."""
    moment, found = datetime.fromisoformat(after), []
    for _ in range(number):
        moment = crontab(text, zone).due_after(moment)
        found.append(moment.astimezone(ZoneInfo(zone)).strftime("%d %H:%M %z"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", ["31 02:30 +0200", "01 02:30 +0100"]),
        ("0,30 2 * * *", ["31 02:00 +0200", "31 02:30 +0200", "01 02:00 +0100"]),
        ("30 1,2 31 10 *", ["31 01:30 +0200", "31 02:30 +0200", "31 01:30 +0100"]),
        ("30 */2 * * *", ["31 00:30 +0200", "31 02:30 +0200", "31 04:30 +0100"]),
        ("0 3 * * *", ["31 03:00 +0100", "01 03:00 +0100"]),
        ("30 2 * * 0", ["31 02:30 +0200", "07 02:30 +0100"]),
        ("0 * * * *", ["31 00:00 +0200", "31 01:00 +0200", "31 02:00 +0200", "31 02:00 +0100", "31 03:00 +0100"]),
        ("30 1-5 * * *", ["31 01:30 +0200", "31 02:30 +0200", "31 02:30 +0100", "31 03:30 +0100"]),
        ("*/30 2 * * *", ["31 02:00 +0200", "31 02:30 +0200", "31 02:00 +0100", "31 02:30 +0100", "01 02:00 +0100"]),
    ],
)
def test_in_the_repeated_hour_of_autumn_what_is_hourly_goes_on_and_what_is_daily_is_due_once(
    text: str, expected: list[str]
) -> None:
    assert due(text, "2027-10-30T23:59:30+02:00", len(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 2 * * *", ["28 03:00 +0200", "29 02:30 +0200"]),
        ("0,30 2 * * *", ["28 03:00 +0200", "29 02:00 +0200", "29 02:30 +0200"]),
        ("0 2,3 * * *", ["28 03:00 +0200", "29 02:00 +0200"]),
        ("0 */2 * * *", ["28 00:00 +0100", "28 03:00 +0200", "28 04:00 +0200"]),
        ("*/30 2 * * *", ["28 03:00 +0200", "29 02:00 +0200"]),
        ("30 * * * *", ["28 00:30 +0100", "28 01:30 +0100", "28 03:30 +0200"]),
        ("*/30 * * * *", ["28 00:00 +0100", "28 00:30 +0100", "28 01:00 +0100", "28 01:30 +0100", "28 03:00 +0200"]),
        ("30 2 28 3 *", ["28 03:00 +0200", "28 02:30 +0200"]),
    ],
)
def test_what_falls_into_the_missing_hour_of_spring_is_due_once_at_its_end(text: str, expected: list[str]) -> None:
    assert due(text, "2027-03-27T23:59:30+01:00", len(expected)) == expected


@pytest.mark.parametrize(
    ("zone", "text", "after", "expected"),
    [
        ("America/Havana", "15 0 * * *", "2026-03-07T12:00-05:00", ["08 01:00 -0400", "09 00:15 -0400"]),
        ("America/Havana", "15 0 * * *", "2026-10-31T12:00-04:00", ["01 00:15 -0400", "02 00:15 -0500"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00+10:30", ["04 02:30 +1100", "05 02:15 +1100"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00+11:00", ["05 01:45 +1100", "06 01:45 +1030"]),
        ("Antarctica/Troll", "0 1 * * *", "2026-03-28T12:00+00:00", ["29 03:00 +0200", "30 01:00 +0200"]),
        ("Antarctica/Troll", "0 * * * *", "2026-10-25T01:30+02:00", ["25 02:00 +0200", "25 01:00 +0000"]),
        ("Asia/Kolkata", "0 0 1 1 *", "2026-03-28T12:00+00:00", ["01 00:00 +0530"]),
    ],
)
def test_zones_with_changes_at_midnight_of_half_an_hour_or_of_two(
    zone: str, text: str, after: str, expected: list[str]
) -> None:
    assert due(text, after, len(expected), zone) == expected


def test_a_day_of_its_week_that_comes_every_28_years_is_found() -> None:
    assert crontab("0 0 29 2 1").due_after(datetime(2045, 1, 1, tzinfo=BERLIN)).astimezone(BERLIN).year == 2072


@given(st.integers(1_767_225_600, 1_830_297_600), st.sampled_from(["0 * * * *", "*/15 * * * *"]))
def test_an_entry_that_goes_on_never_has_a_longer_or_shorter_wait(start: int, text: str) -> None:
    moments = [datetime.fromtimestamp(start, BERLIN)]
    for _ in range(8):
        moments.append(crontab(text).due_after(moments[-1]))
    assert len({after - before for before, after in pairwise(moments[1:])}) == 1


@given(st.dates(date(2026, 1, 1), date(2028, 1, 1)), st.integers(0, 23), st.integers(0, 59))
def test_a_daily_entry_is_due_once_on_every_date(day: date, hour: int, minute: int) -> None:
    midnight = datetime.combine(day, datetime.min.time(), BERLIN)
    one = crontab(f"{minute} {hour} * * *")
    first = one.due_after(midnight - timedelta(microseconds=1))
    assert first.astimezone(BERLIN).date() == day
    assert one.due_after(first).astimezone(BERLIN).date() == day + timedelta(days=1)
