"""Many requests at once, for callers that know nothing of event loops."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ssl import SSLContext
from types import TracebackType
from typing import Self, TypeVar

import anyio
import httpx2
from anyio import CancelScope
from anyio.from_thread import BlockingPortal, start_blocking_portal

from upkeep import __version__
from upkeep.remote import address, sequences
from upkeep.remote.answers import Answer, Outcome, Reply
from upkeep.remote.errors import GIVE_UP_AFTER, RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.remote.exchange import Exchange, Request
from upkeep.remote.keeping import DownloadCache, Keeper
from upkeep.remote.pacing import Pacer, Turns
from upkeep.remote.proxies import Proxy

A = TypeVar("A")
T = TypeVar("T")

USER_AGENT = f"Upkeep/{__version__}"


@cache
def _trusted() -> SSLContext:
    """The authorities of this machine, or of SSL_CERT_FILE: read once a process, since that takes 50 ms."""
    return httpx2.create_ssl_context()


def as_usual(answer: Answer) -> None:
    """See nothing special in an answer."""


@dataclass(repr=False, eq=False)
class RemoteClient:
    """Asks one service over HTTP, from a thread of its own, between `with` and the end of its block.

    Leaving the block ends what is in flight at once. Raises `RemoteRejectedError` for an address or a header that is
    not fit to be sent. Redirects and addresses in answers are followed to the same scheme, host and port alone, so that
    credentials stay with the server they were given to.
    """

    service: str
    """Its name in messages."""
    base_url: str
    _: KW_ONLY
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    """The query that every request has; it may be secret."""
    credentials: str = ""
    """What headers or params hold to be let in, as a message names it ("the API key"); its refusal ends a whole map."""
    requests_per_second: float | None = None
    concurrency: int = 20
    """Requests on their way at the same time, over all threads."""
    timeout: float = 15.0
    rest: float = 0.0
    """Seconds between an answer and this client's next request."""
    redis_url: Callable[[], str] | None = None
    """Says, whenever it has to be known, in which Redis all processes that ask this host share its rate and its pauses;
    may take a while, and raise OSError. Without it, and while that Redis is away, this client counts alone."""
    assess: Callable[[Answer], None] = as_usual
    """Sees every answer first. Where a service says it in its own way, it may raise `TransientError` (wait for its
    pause, then another attempt) or a RemoteError."""
    cache: DownloadCache | None = None
    """Answers with an ETag are kept there, apart for every set of credentials, and asked for again only if changed."""
    allow_http_hosts: Collection[str] = ()
    proxy: Proxy | None = None
    max_replies: int | None = None
    """Of `ask`, `chain` and `ahead` together: a service that always has another page is not read for ever."""
    transport: httpx2.AsyncBaseTransport | None = None

    def __post_init__(self) -> None:
        self._url = address.checked(self.service, self.base_url, self.allow_http_hosts)
        if not all(value.isascii() and value.isprintable() for value in self.headers.values()):
            raise RemoteRejectedError(f"{self.credentials or 'A header'} for {self.service} holds characters of no key")
        self._in_a_row = self._replies = 0
        self._scopes: set[CancelScope] = set()
        self._portal: BlockingPortal | None = None
        self._closing = False

    @property
    def address(self) -> str:
        """The base address, which holds neither credentials nor a query."""
        return str(self._url)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._portal = stack.enter_context(start_blocking_portal(name=f"requests to {self.service}"))
            self._exchange = self._portal.call(self._open)
            stack.callback(self._portal.call, self._close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def map(self, requests: Sequence[Request]) -> list[Outcome]:
        """Wait for the outcomes of the requests, in their order; may be called from several threads at once.

        Raises `RemoteRejectedError` when the credentials are refused, and `RemoteUnavailableError` when the service was
        unavailable 10 times in a row, by order of completion and over all calls, or when the block was left meanwhile.
        """
        future = self._start(self._fetch, requests)
        try:
            return [sequences.kept(outcome) for outcome in future.result()]
        except BaseException:
            # Ctrl-C lands here, in the waiting thread; on a future that is done, this does nothing.
            future.cancel()
            raise

    def ask(self, request: Request) -> Reply | None:
        """Wait for the reply; None when there is no such thing. Raises RemoteError."""
        return next(self.ahead([request], 1))

    def chain(self, first: Request, following: Callable[[Reply], Request | None]) -> Iterator[Reply | None]:
        """Wait for one reply after the other, while `following` finds another request in the one before.

        That request is on its way while the caller works on the reply. Ends with a reply of None: there is no such
        thing. Raises RemoteError. Stopping to read cancels the requests in flight.
        """
        return sequences.chain(self._start_one, first, following)

    def ahead(self, requests: Iterable[Request], number: int) -> Iterator[Reply | None]:
        """Wait for the replies to many requests, in their order; None where there is no such thing.

        Up to `number` requests are on their way or answered while the caller works; no more are taken from `requests`.
        Raises RemoteError. Stopping to read cancels the requests in flight.
        """
        return sequences.ahead(self._start_one, requests, number)

    def _start_one(self, request: Request) -> Future[Outcome]:
        return self._start(self._one, request)

    def _start(self, work: Callable[[A], Awaitable[T]], argument: A) -> Future[T]:
        if self._portal is None:
            raise RuntimeError("A RemoteClient works between `with` and the end of its block")
        try:
            return self._portal.start_task_soon(work, argument)
        except RuntimeError as error:
            raise self._closed() from error

    async def _open(self) -> Exchange:
        limits = httpx2.Limits(max_connections=self.concurrency, max_keepalive_connections=self.concurrency)
        http = httpx2.AsyncClient(
            base_url=self._url,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"} | dict(self.headers),
            params=dict(self.params),
            # None is taken from anybody: with a cookie of the last answer, no request would be the one that was kept.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # The exchange has one deadline for the whole of an attempt; httpx's are for each read.
            timeout=None,
            limits=limits,
            trust_env=False,  # else HTTP_PROXY and ~/.netrc
            verify=_trusted(),
            proxy=self.proxy.url if self.proxy and self.proxy.is_for(self._url.host) else None,
            transport=self.transport,
        )
        return Exchange(
            service=self.service,
            http=http,
            pacer=Pacer(self.requests_per_second, shared=self._shared_turns()),
            slots=anyio.CapacityLimiter(self.concurrency),
            timeout=self.timeout,
            rest=self.rest,
            credentials=self.credentials,
            assess=self.assess,
            keeper=Keeper(self.service, self.cache),
        )

    def _shared_turns(self) -> Turns | None:
        if self.redis_url is None:
            return None
        from upkeep.remote.turns import SharedTurns  # noqa: PLC0415 - redis-py is an extra, and takes long to import

        return SharedTurns(self.service, address.host_and_port(self._url), redis_url=self.redis_url)

    async def _close(self) -> None:
        self._closing = True
        for scope in self._scopes:
            scope.cancel()
        await self._exchange.http.aclose()
        await self._exchange.pacer.close()

    def _closed(self) -> RemoteUnavailableError:
        return RemoteUnavailableError(f"{self.service} was not asked to the end: stopped")

    def _refuse_when_closing(self) -> None:
        if self._closing:
            raise self._closed()

    async def _fetch(self, requests: Sequence[Request]) -> list[Outcome]:
        self._refuse_when_closing()
        outcomes: list[Outcome] = [None] * len(requests)
        queue = iter(enumerate(requests))
        try:
            async with anyio.create_task_group() as group:
                self._scopes.add(group.cancel_scope)
                for _ in range(min(self.concurrency, len(requests))):
                    group.start_soon(self._work, queue, outcomes)
        except ExceptionGroup as failures:
            # What fails while everything is being closed fails because of that.
            self._refuse_when_closing()
            raise failures.exceptions[0] from None
        finally:
            self._scopes.discard(group.cancel_scope)
        self._refuse_when_closing()
        return outcomes

    async def _one(self, request: Request) -> Outcome:
        self._refuse_when_closing()
        self._replies += 1
        if self.max_replies is not None and self._replies > self.max_replies:
            raise RemoteResponseError(
                f"{self.service} had another page after {self.max_replies:,}: what came is kept, and resume_run "
                "continues there"
            )
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                return await self._exchange.ask(request)
            finally:
                self._scopes.discard(scope)
        raise self._closed()

    async def _work(self, queue: Iterator[tuple[int, Request]], outcomes: list[Outcome]) -> None:
        for place, request in queue:
            outcomes[place] = outcome = await self._exchange.ask(request)
            self._count(outcome)

    def _count(self, outcome: Outcome) -> None:
        self._in_a_row = self._in_a_row + 1 if isinstance(outcome, RemoteUnavailableError) else 0
        if self._in_a_row >= GIVE_UP_AFTER:
            raise RemoteUnavailableError(f"{self.service} was unavailable {self._in_a_row} times in a row: {outcome}")
