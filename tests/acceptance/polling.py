from collections.abc import Callable
from typing import TypeVar

from upkeep.embedded.polling import attempts

T = TypeVar("T")


def until(look: Callable[[], T | None], seconds: float = 15.0, *, why: str = "") -> T:
    """The first truthy value of `look`, which is asked again and again for so many seconds. Raises AssertionError."""
    for _ in attempts(seconds):
        if found := look():
            return found
    raise AssertionError(why or f"waited in vain for {seconds:.0f} s")
