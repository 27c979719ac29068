"""How long things take: short in a test, as in a deployment in chaos."""

from dataclasses import dataclass

import pytest

from tests.acceptance.polling import MAX_SECONDS

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
    child: float
    """Within which the run of a killed child goes on."""
    worker: float
    """Within which that of a killed or frozen worker does."""


SHORT = Scale(outage=3, freeze=6, child=MAX_SECONDS, worker=MAX_SECONDS)
REAL = Scale(outage=20, freeze=90, child=5, worker=30)
