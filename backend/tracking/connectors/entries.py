"""What the work entries of all systems have in common, as they are sent."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from backend.tracking.connectors.spans import START
from backend.tracking.connectors.wire import Moment

Start = Annotated[Moment, Field(ge=START, lt=datetime(9000, 1, 1, tzinfo=UTC))]
"""When somebody worked."""
Seconds = Annotated[int, Field(gt=-(2**31), lt=2**31)]
"""How long; what a negative one means is up to the system."""
