from collections.abc import Callable
from typing import TypeVar

from upkeep.embedded.polling import attempts

T = TypeVar("T")
MAX_SECONDS = 60.0
"""How long a test waits for what should be there at once: only a test that fails takes that long."""


def until(look: Callable[[], T | None], seconds: float = MAX_SECONDS, *, why: str = "") -> T:
    """The first truthy value of `look`, which is asked again and again until then. Raises AssertionError."""
    for _ in attempts(seconds):
        if found := look():
            return found
    raise AssertionError(why or f"waited in vain for {seconds:.0f} s")
