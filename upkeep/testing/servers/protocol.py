"""A small, fast HTTP/1.1 server: it must answer thousands of requests a second beside the client under test."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from upkeep.testing.servers.catalogue import Catalogue, Received, Reply
from upkeep.testing.servers.faults import EVERYTHING, Fault, loaded
from upkeep.testing.servers.limits import SlidingWindow

CONTROL = "/-/"
"""Paths below it are for the test, and are not counted."""


@dataclass
class Counts:
    """What the server saw."""

    requests: int = 0
    refused: int = 0
    """Answered 429 by the limit."""
    peak: int = 0
    """The most requests that were waiting for their answer at the same time."""
    by_key: dict[str, int] = field(default_factory=dict)
    by_status: dict[str, int] = field(default_factory=dict)
    arrivals: list[float] = field(default_factory=list)
    """Seconds on the server's clock."""
    last: dict[str, Any] = field(default_factory=dict)
    """The last request."""


class Stand:
    """All connections together."""

    def __init__(self, catalogue: Catalogue, *, delay: float, limit: int | None) -> None:
        self._catalogue = catalogue
        self._delay = delay
        self._window = SlidingWindow(limit)
        self._faults: dict[str, Fault] = {}
        self._hits: dict[str, int] = {}
        self.counts = Counts()
        self.waiting = 0
        self.open: set[asyncio.Transport] = set()
        """The connections."""

    def control(self, request: Received) -> Reply:
        """Do what the test wants."""
        if request.method == "PUT":
            self._faults, self._hits = loaded(request.body), {}
        return Reply.of(asdict(self.counts))

    def reply(self, request: Received, now: float) -> tuple[Reply, float]:
        """Return the answer, and after how many seconds it is to be sent."""
        key = self._catalogue.key(request)
        counts = self.counts
        counts.requests += 1
        counts.arrivals.append(now)
        counts.by_key[key] = counts.by_key.get(key, 0) + 1
        counts.last = asdict(request)
        if self._window.refuses(now):
            counts.refused += 1
            return self._catalogue.error(429), 0.0
        fault = self._fault(key)
        right = (
            self._catalogue.reply(request) if fault.status in {None, 200} else self._catalogue.error(fault.status or 0)
        )
        reply = right.spoilt(fault)
        counts.by_status[str(reply.status)] = counts.by_status.get(str(reply.status), 0) + 1
        return reply, self._delay if fault.delay is None else fault.delay

    def _fault(self, key: str) -> Fault:
        name = key if key in self._faults else EVERYTHING
        fault = self._faults.get(name, Fault())
        self._hits[name] = hits = self._hits.get(name, 0) + 1
        is_wrong = hits > fault.after and (fault.times is None or hits <= fault.after + fault.times)
        return fault if is_wrong else Fault()


class Connection(asyncio.Protocol):
    """One client, one request after the other."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where the answers go."""
        self._transport = cast("asyncio.Transport", transport)
        self._stand.open.add(self._transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget it."""
        self._stand.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer a request once it is complete."""
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        request = Received.parse(head)
        length = int(request.headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        request = replace(request, body=rest[:length].decode())
        if request.path.startswith(CONTROL):
            self._send(self._stand.control(request))
        else:
            self._answer(request)

    def _answer(self, request: Received) -> None:
        reply, delay = self._stand.reply(request, self._loop.time())
        self._stand.waiting += 1
        self._stand.counts.peak = max(self._stand.counts.peak, self._stand.waiting)
        self._loop.call_later(delay, self._finish, reply)

    def _finish(self, reply: Reply) -> None:
        self._stand.waiting -= 1
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(reply.wire)
        if reply.is_cut:
            self._transport.close()


async def _until_the_test_is_over() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def _serve(stand: Stand) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stand), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the port is the answer to the parent
    await _until_the_test_is_over()


def main(factory: Callable[..., Catalogue]) -> None:
    """Serve until standard input ends, which it also does when the parent is killed.

    The factory makes the catalogue from the options that `running` was given, but for `delay` and `limit`.
    """
    options = json.loads(sys.argv[1])
    delay, limit = options.pop("delay"), options.pop("limit")
    serving: Coroutine[Any, Any, None] = _serve(Stand(factory(**options), delay=delay, limit=limit))
    asyncio.run(serving)
