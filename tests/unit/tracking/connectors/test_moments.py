from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from backend.tracking.connectors.moments import Day, Milliseconds, from_milliseconds, to_milliseconds

MILLISECONDS = TypeAdapter(Milliseconds)
DAY = TypeAdapter(Day)


@given(st.datetimes(timezones=st.timezones()))
def test_milliseconds_are_those_since_1970(time: datetime) -> None:
    back = from_milliseconds(to_milliseconds(time))
    assert timedelta() <= time - back < timedelta(milliseconds=1)
    assert back.tzinfo is UTC


def test_one_is_known_from_elsewhere() -> None:
    assert MILLISECONDS.validate_python(1_772_355_600_123, strict=True) == datetime(2026, 3, 1, 9, 0, 0, 123_000, UTC)


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.none() | st.just(10**400))
def test_anything_is_a_time_or_refused(value: Any) -> None:
    try:
        time = MILLISECONDS.validate_python(value, strict=True)
    except ValidationError:
        return
    assert to_milliseconds(time) == value


@given(st.dates())
def test_days_are_read(day: date) -> None:
    assert DAY.validate_python(day.isoformat(), strict=True) == day


@pytest.mark.parametrize("value", ["", "2026-02-30", "tomorrow", 17, "2026-03-01T00:00:00Z"])
def test_what_is_no_day_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(value, strict=True)
