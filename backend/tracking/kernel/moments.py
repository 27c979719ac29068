"""Dates and times that people type: naive ones are in whatever zone the entry at hand is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

YEARS = range(1900, 3000)


def checked(text: str) -> str:
    """The text. Raises ValueError when it is neither a date nor a date with a time."""
    _parsed(text)
    return text


def start(text: str, zone: ZoneInfo) -> datetime:
    """The first moment of it."""
    found = _parsed(text)
    return _aware(found if isinstance(found, datetime) else datetime.combine(found, time()), zone)


def end(text: str, zone: ZoneInfo) -> datetime:
    """The first moment after it: a date is the whole day, a time the very microsecond, the last if it comes twice."""
    found = _parsed(text)
    if isinstance(found, datetime):
        last = max(_aware(found.replace(fold=fold), zone) for fold in (0, 1))  # of one that is skipped, fold 0 is later
        return last + timedelta(microseconds=1)
    return _aware(datetime.combine(found + timedelta(days=1), time()), zone)


def _parsed(text: str) -> date | datetime:
    try:
        found = _date(text) or datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise ValueError("must be a date such as 2026-01-31, or with a time such as 2026-01-31T08:30")
    return found


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
