"""How long a task is to take."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import Field

Amount = Annotated[int, Field(ge=0, lt=2**31)]
"""Of seconds or minutes."""

SECONDS_AN_HOUR = 3600
MINUTES_AN_HOUR = 60


def hours(amount: int | None, *, an_hour: int) -> Decimal | None:
    """Return an amount in hours, two decimal places, when so many make one; None when nothing was estimated."""
    return (Decimal(amount or 0) / an_hour).quantize(Decimal("0.01"), ROUND_HALF_UP) or None
