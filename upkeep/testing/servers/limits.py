"""How a stand-in refuses requests that come too fast."""

from collections import deque

WINDOW = 1.0


class SlidingWindow:
    """Allows this many requests in any closed window of one second, measured on arrival; refused ones count too."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._arrivals: deque[float] = deque()

    def refuses(self, now: float) -> bool:
        """Whether the request that arrives now is one too many."""
        if self._limit is None:
            return False
        while self._arrivals and self._arrivals[0] < now - WINDOW:
            self._arrivals.popleft()
        self._arrivals.append(now)
        return len(self._arrivals) > self._limit
