import time
from collections.abc import Iterator

PAUSE = 0.02
"""Seconds between two attempts."""


def attempts(seconds: float) -> Iterator[None]:
    """Yield at once, then every PAUSE until `seconds` have passed; the loop that runs to its end has waited in vain."""
    deadline = time.monotonic() + seconds
    yield
    while time.monotonic() < deadline:
        time.sleep(PAUSE)
        yield
