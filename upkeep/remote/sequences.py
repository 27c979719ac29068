"""Replies in a known order, while the next ones are on their way."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import TypeVar

from upkeep.remote.answers import Outcome, Reply
from upkeep.remote.errors import RemoteError
from upkeep.remote.exchange import Request

T = TypeVar("T", bound=Outcome)

Start = Callable[[Request], Future[Outcome]]


def chain(start: Start, first: Request, following: Callable[[Reply], Request | None]) -> Iterator[Reply | None]:
    """Yield one reply after the other; see `RemoteClient.chain`."""
    waiting = deque([start(first)])
    try:
        while waiting:
            reply = _reply(waiting[0])
            waiting.popleft()
            request = following(reply) if reply else None
            if request:
                waiting.append(start(request))
            yield kept(reply)
    finally:
        _cancel(waiting)


def ahead(start: Start, requests: Iterable[Request], number: int) -> Iterator[Reply | None]:
    """Yield the replies in the order of their requests; see `RemoteClient.ahead`."""
    source = iter(requests)
    waiting: deque[Future[Outcome]] = deque()
    try:
        waiting.extend(start(request) for request in islice(source, number))
        while waiting:
            reply = _reply(waiting[0])
            waiting.popleft()
            waiting.extend(start(request) for request in islice(source, 1))
            yield kept(reply)
    finally:
        _cancel(waiting)


def _reply(future: Future[Outcome]) -> Reply | None:
    outcome = future.result()
    if isinstance(outcome, RemoteError):
        raise outcome
    return outcome


def kept(outcome: T) -> T:
    """The outcome, now that its answer is kept: best while the next request is on its way."""
    if isinstance(outcome, Reply):
        outcome.keep()
    return outcome


def _cancel(futures: Iterable[Future[Outcome]]) -> None:
    """End what is in flight, also when the waiting was broken by Ctrl-C; what is done stays so."""
    for future in futures:
        future.cancel()
