"""Times and days in the ways that trackers write them."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_milliseconds(number: int) -> datetime:
    """Return the time this many milliseconds after 1970, in UTC. Raises ValueError when no calendar has it."""
    try:
        return EPOCH + timedelta(milliseconds=number)
    except OverflowError:
        raise ValueError("not a time in milliseconds") from None


def to_milliseconds(time: datetime) -> int:
    """Return the milliseconds from 1970 to a time with a zone, without the one that has begun."""
    return (time - EPOCH) // timedelta(milliseconds=1)


def _milliseconds(value: object) -> object:
    return from_milliseconds(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("not a day") from None


Milliseconds = Annotated[datetime, BeforeValidator(_milliseconds)]
"""Since 1970; comes out as a time in UTC."""
Day = Annotated[date, BeforeValidator(_day)]
"""ISO 8601."""
