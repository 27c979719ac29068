"""How long things take: short in a test, as in a deployment in chaos."""

from dataclasses import dataclass

import pytest

CHAOS = "CHAOS_ROUNDS"
"""The variable that asks for random faults with the real intervals."""
WHATEVER_BROKER = pytest.mark.only_on("redis", reason="does not depend on the broker")


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds."""

    outage: float
    """For which a server is away."""
    freeze: float
    """For which an executor is stopped: longer than its lease."""


SHORT = Scale(outage=3, freeze=4)
REAL = Scale(outage=20, freeze=90)
