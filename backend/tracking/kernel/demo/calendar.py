"""Working days and hours in the zone of the demo organization."""

from bisect import insort
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

TIME_ZONE = "Europe/Vienna"
LAST_DAY = date(2025, 12, 19)
"""A Friday. Always the same one: the data does not depend on the clock."""
HOLIDAYS = {(1, 1), (1, 6), (5, 1), (8, 15), (10, 26), (11, 1), (12, 8), (12, 24), (12, 25), (12, 26)}
SATURDAY = 5
MINUTE = 60
STEP = 5
"""People round to that many minutes."""
LUNCH = 12 * 60


def working_days(number: int) -> list[date]:
    """The last ones, this many, the earliest first."""
    days: list[date] = []
    day = LAST_DAY
    while len(days) < number:
        if day.weekday() < SATURDAY and (day.month, day.day) not in HOLIDAYS:
            days.append(day)
        day -= timedelta(days=1)
    return days[::-1]


def midnight(day: date) -> float:
    """Seconds since 1970 at which a day begins there. On working days no clock is changed."""
    return datetime.combine(day, time(), ZoneInfo(TIME_ZONE)).timestamp()


def moment(day: date, minutes: float) -> datetime:
    """That many minutes after a day has begun there, in UTC."""
    return datetime.fromtimestamp(midnight(day) + minutes * MINUTE, UTC)


def hours(chance: Random, number: int) -> list[tuple[int, int]]:
    """When somebody begins and for how long they work, in minutes, for each of their entries on one day.

    One after the other, with lunch between.
    """
    cuts: list[float] = []
    for _ in range(number - 1):
        insort(cuts, chance.random())
    total = min(390 + 105 * chance.random(), number * (90 + 60 * chance.random()))
    begin = _rounded(450 + 105 * chance.random())
    lunch = _rounded(30 + 15 * chance.random())
    found = []
    for share in _shares(cuts):
        if lunch and begin >= LUNCH:
            begin, lunch = begin + lunch, 0
        duration = max(STEP, _rounded(total * share))
        found.append((begin, duration))
        begin += duration
    return found


def _shares(cuts: Sequence[float]) -> list[float]:
    """The parts of a whole that is cut there; mixed with equal ones, since few of them are very short."""
    number = len(cuts) + 1
    ends = [*cuts, 1.0]
    return [0.5 / number + 0.5 * (end - start) for start, end in zip([0.0, *cuts], ends, strict=True)]


def _rounded(minutes: float) -> int:
    return STEP * round(minutes / STEP)
