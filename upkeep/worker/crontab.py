"""When a crontab is due, across changes of the clocks; Celery's gets them wrong."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from django_celery_beat.tzcrontab import TzAwareCrontab

DAY = timedelta(days=1)
MAX_DAYS = 41 * 366
"""How far ahead a day is looked for: a 29 February on a given weekday may be 40 years away."""


class Crontab(TzAwareCrontab):  # type: ignore[misc]  # django-celery-beat has no annotations
    """A crontab by the clock on the wall, which its zone sets forward in spring and back in autumn.

    In the repeated hour it is due for the first time alone; one that is due every hour, or whose minutes begin with
    `*`, goes on through both. In the missing hour it is due once, at the end of it, unless it is due every hour anyway.
    """

    def due_after(self, moment: datetime) -> datetime:
        """The first moment after that one at which it is due, in UTC.

        Raises:
            ValueError: it never is, for example on a 31 April.
        """
        day = moment.astimezone(self.tz).date()
        for _ in range(MAX_DAYS):
            if self._is_due_on(day):
                later = (self._next(day, fold, moment) for fold in (0, 1))
                if found := [due for due in later if due]:
                    return min(found)
            day += DAY
        raise ValueError(f"{self._orig_day_of_month}.{self._orig_month_of_year}. is never a day of its week")

    @cached_property
    def _hours(self) -> list[int]:
        return sorted(self.hour)

    @cached_property
    def _minutes(self) -> list[int]:
        return sorted(self.minute)

    def _is_due_on(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        return bool(day.month in self.month_of_year and day.day in self.day_of_month and weekday in self.day_of_week)

    def _next(self, day: date, fold: int, moment: datetime) -> datetime | None:
        """The first moment of that day after `moment`, among those of its repeated hour when `fold` is 1."""
        if fold and not self._repeats(day):
            return None
        local = moment.astimezone(self.tz)
        first = local.hour if local.date() == day and not fold else 0
        due = (self._moment(day, hour, minute, fold) for hour, minute in self._times(first))
        return next((found for found in due if found and found > moment), None)

    def _times(self, first_hour: int) -> Iterator[tuple[int, int]]:
        for hour in self._hours[bisect_left(self._hours, first_hour) :]:
            for minute in self._minutes:
                yield hour, minute

    def _repeats(self, day: date) -> bool:
        """Whether the clock is set back on that day."""
        start, end = (datetime.combine(d, time.min, self.tz).utcoffset() for d in (day, day + DAY))
        return bool(start is not None and end is not None and start > end)

    def _moment(self, day: date, hour: int, minute: int, fold: int) -> datetime | None:
        """The moment that the clock shows that time, maybe for the second time; None when it is not due then."""
        wall = datetime.combine(day, time(hour, minute), self.tz)
        found = wall.replace(fold=fold).astimezone(UTC)
        if fold:
            second = found > wall.astimezone(UTC)
            return found if second and (self._is_hourly_at(hour) or self._goes_by_minutes) else None
        if found.astimezone(self.tz).replace(tzinfo=None) == wall.replace(tzinfo=None):
            return found
        return None if self._is_hourly_at(hour) else self._end_of_gap(wall)

    def _is_hourly_at(self, hour: int) -> bool:
        return bool(self.hour >= {(hour - 1) % 24, hour, (hour + 1) % 24})

    @property
    def _goes_by_minutes(self) -> bool:
        return str(self._orig_minute).startswith("*")

    def _end_of_gap(self, wall: datetime) -> datetime:
        """When the clock is set forward over that time: between what it would be by the old and by the new offset."""
        after, before = wall.replace(fold=0).astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
        offset = before.astimezone(self.tz).utcoffset()
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) / 2
            if middle.astimezone(self.tz).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after.replace(microsecond=0)
