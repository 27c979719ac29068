"""What of a report is wanted."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from backend.tracking.kernel import moments


class Unit(StrEnum):
    """Of a period; weeks begin on Monday."""

    MONTH = "month"
    WEEK = "week"
    DAY = "day"

    def between(self, first: date, last: date) -> Iterator[date]:
        """The first days of all periods from one to another, both of which are such days."""
        while first <= last:
            yield first
            days = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: monthrange(first.year, first.month)[1]}
            first += timedelta(days=days[self])


class SelectionError(ValueError):
    """A selection that cannot be shown; the message says why."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The moments of some organizations' days: the first, and the first after them. None: no bound."""

    zone: str
    organizations: tuple[str, ...]
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The rows that a report is made of."""

    since: date | None = None
    """The first day, in the zone of each organization."""
    until: date | None = None
    """The last one."""
    unit: Unit = Unit.MONTH
    zones: Mapping[str, str]
    """The time zones of the organizations that are wanted, by code."""
    is_whole: bool = True
    """Whether these are all organizations."""

    def __post_init__(self) -> None:
        """Raise SelectionError when it ends before it begins, or in years that no zone is known of."""
        for option, day in (("--from", self.since), ("--until", self.until)):
            if day and day.year not in moments.YEARS:
                raise SelectionError(f"{option} {day} is not in the years {moments.YEARS[0]} to {moments.YEARS[-1]}")
        if self.since and self.until and self.until < self.since:
            raise SelectionError(f"--until {self.until} is before --from {self.since}")

    @property
    def has_days(self) -> bool:
        """Whether not all days are wanted."""
        return self.since is not None or self.until is not None

    def bounds(self) -> list[Bounds]:
        """The moments to look at, for each time zone: days begin at another moment in each."""
        return [
            Bounds(zone, tuple(code for code, own in self.zones.items() if own == zone), *self.of_zone(ZoneInfo(zone)))
            for zone in dict.fromkeys(self.zones.values())
        ]

    def of_zone(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """The first moment of the days in a zone, and the first after them."""
        return (
            moments.start(self.since.isoformat(), zone) if self.since else None,
            moments.end(self.until.isoformat(), zone) if self.until else None,
        )
