from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.tracking.connectors.estimates import hours


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, None), (0, None), (17, None), (18, "0.01"), (100, "0.03"), (5_400, "1.50"), (14_400, "4.00")],
)
def test_seconds_become_hours(seconds: int | None, expected: str | None) -> None:
    assert hours(seconds, an_hour=3600) == (expected and Decimal(expected))


@given(st.integers(0, 2**31 - 1))
def test_hours_fit_their_column(amount: int) -> None:
    found = hours(amount, an_hour=60) or Decimal("0.00")
    assert found.as_tuple().exponent == -2
    assert found < 10**8
    assert abs(found * 60 - amount) <= Decimal("0.3")
