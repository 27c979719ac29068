"""Stretches of time that are asked for one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime

START = datetime(1970, 1, 1, tzinfo=UTC)
"""Nobody's work began before: an entry that says so is not understood, and none is asked for."""

MAX_PARTS = 200


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment up to another; without an end it reaches into the future, where entries may be, too."""

    since: datetime
    until: datetime | None = None

    def width(self, now: datetime) -> timedelta:
        """How long it is, up to now when it has no end; never negative."""
        return max((self.until or now) - self.since, timedelta(0))

    def split(self, number: int, *, now: datetime) -> Iterator["Span"]:
        """Cut it into this many equal ones, at most 200; the last ends as this does, and there is no gap."""
        parts = max(1, min(number, MAX_PARTS))
        width = self.width(now)
        cuts = [self.since, *(self.since + width * place / parts for place in range(1, parts))]
        for since, until in zip(cuts, [*cuts[1:], self.until], strict=True):
            yield Span(since, until)


def server_time(headers: Mapping[str, str]) -> datetime:
    """When an answer was sent, by the server's own clock; the time here when it does not say so.

    `Date`: RFC 9110, 6.6.1.
    """
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def not_ahead(moment: datetime) -> datetime:
    """The moment, or the time here if that is earlier: what a clock says that is ahead by years would hide all else."""
    return min(moment, datetime.now(UTC))


def not_after(moment: datetime, zone: tzinfo) -> datetime:
    """The moment on the clocks of a zone, without the zone; or an earlier one, where clocks show that time twice.

    Whichever of the two times the reader takes it for, it is not after the moment.
    """
    local = moment.astimezone(zone)
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    repeated = max((first or timedelta(0)) - (second or timedelta(0)), timedelta(0))
    return local.replace(tzinfo=None, fold=0) - repeated
