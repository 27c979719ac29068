"""How long things take: short in a test, as in a deployment in chaos."""

from dataclasses import dataclass

CHAOS = "CHAOS_ROUNDS"
"""The variable that asks for random faults with the real intervals."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds."""

    outage: float
    """For which a server is away."""
    freeze: float
    """For which an executor is stopped: longer than its lease."""


SHORT = Scale(outage=3, freeze=7)
REAL = Scale(outage=20, freeze=90)
