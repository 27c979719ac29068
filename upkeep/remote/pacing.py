"""When the next request may leave."""

from math import inf
from time import monotonic
from typing import Protocol

import anyio

SHARE = 0.9625
"""Of the allowed rate: at 40 a second, 41 requests leave in 1.04 s, and may still arrive a little closer together."""

CREDIT_SECONDS = 0.013
"""A late turn may be caught up by at most this much, which is less than what `SHARE` leaves free in a second."""


class Turns(Protocol):
    """The turns at one host that several processes share."""

    async def take(self, interval: float, credit: float) -> float:
        """Take a turn if it is due, and return 0; else return the seconds until it may be."""

    async def pause(self, seconds: float) -> None:
        """Let no process have a turn for this long, from now."""

    async def close(self) -> None:
        """Share no more turns."""


class Pacer:
    """Spaces the requests to one host evenly, since hosts that count in a sliding window refuse bursts.

    Belongs to one event loop. Without a rate nobody waits, except while paused. With `shared` turns all of this holds
    for the requests of all processes together.
    """

    def __init__(self, requests_per_second: float | None, *, shared: Turns | None = None) -> None:
        self._interval = 1 / (SHARE * requests_per_second) if requests_per_second else 0.0
        self._credit = min(self._interval / 2, CREDIT_SECONDS)
        self._last = self._resume = -inf
        self._gate = anyio.Lock()
        self._shared = shared

    async def turn(self) -> None:
        """Return when one request may be sent; first come, first served."""
        async with self._gate:
            # Among all processes a turn is asked for when it is due here, and again after every wait: pauses may come.
            while (wait := self._own_wait() or await self._shared_wait()) > 0:  # noqa: ASYNC110 - a clock
                await anyio.sleep(wait)
            # Timers are late, so count from the time that was due; but after a stall, nothing is caught up.
            self._last = max(self._last + self._interval, monotonic() - self._credit)

    async def pause(self, seconds: float) -> None:
        """Let nobody have a turn for this long, from now."""
        self.rest(seconds)
        if self._shared and seconds > 0:
            await self._shared.pause(seconds)

    def rest(self, seconds: float) -> None:
        """Have no turn for this long, from now; other processes may."""
        self._resume = max(self._resume, monotonic() + seconds)

    async def close(self) -> None:
        """Share no more turns."""
        if self._shared:
            await self._shared.close()

    def _own_wait(self) -> float:
        return max(self._last + self._interval - monotonic(), self._resume - monotonic(), 0.0)

    async def _shared_wait(self) -> float:
        return await self._shared.take(self._interval, self._credit) if self._shared else 0.0
