"""One request and its answer, on the event loop."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any

import anyio
import httpx2

from upkeep.remote import address, keeping, packing
from upkeep.remote.answers import Answer, Outcome, Reply, outcome
from upkeep.remote.errors import RemoteResponseError, RemoteUnavailableError
from upkeep.remote.keeping import Keeper
from upkeep.remote.pacing import Pacer
from upkeep.remote.retries import REPEATABLE, TransientError, retrying

logger = logging.getLogger(__name__)

# httpx logs complete addresses at INFO, and an API key may be part of them. A filter, since a level is easily set back.
# httpcore logs the headers of answers at DEBUG, and a filter is not inherited.
for name in ("httpx2", *(f"httpcore2.{part}" for part in ("connection", "http11", "http2", "proxy", "socks"))):
    logging.getLogger(name).addFilter(lambda record: record.levelno >= logging.WARNING)

LARGEST_BODY = 50_000_000
"""Bytes, after decompression: a page of 100 issues, each as long as the vendors allow, stays below."""

SAYING_ENOUGH = REPEATABLE | {401, 403}
"""The statuses that mean the same whatever the body says."""

MAX_REDIRECTS = 3

FOLLOWED = {"GET": {301, 302, 303, 307, 308}, "POST": {307, 308}}
"""The redirects that leave a request what it is."""


def as_answered(outcome: Outcome) -> Outcome:
    """Take an outcome as it is."""
    return outcome


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for. Nothing in it is secret."""

    path: str
    """Below the base address, beginning with `/`; or a whole address of the same scheme, host and port, as given."""
    query: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    """In pairs, a name may come more than once."""
    json: Any = None
    """Not None: it is sent by POST."""
    judge: Callable[[Outcome], Outcome] = as_answered
    """Corrects the outcome, for a service that, say, reports errors with 200."""

    @property
    def method(self) -> str:
        """How it is sent."""
        return "GET" if self.json is None else "POST"


@dataclass(frozen=True, slots=True)
class Exchange:
    """Asks one service, never more often and never more at once than it allows."""

    service: str
    http: httpx2.AsyncClient
    pacer: Pacer
    slots: anyio.CapacityLimiter
    timeout: float
    """Seconds for one attempt, from connecting to the last byte."""
    rest: float
    """Seconds between an answer and this client's next request."""
    credentials: str
    assess: Callable[[Answer], None]
    keeper: Keeper

    async def ask(self, request: Request) -> Outcome:
        """Return what became of the request after at most 4 attempts; raise when the credentials are refused."""
        try:
            return request.judge(await retrying(self._attempt, request))
        except (RemoteUnavailableError, RemoteResponseError) as error:
            return request.judge(error)

    async def _attempt(self, request: Request) -> Outcome:
        async with self.slots:
            try:
                return await self._outcome(request)
            except TransientError as error:
                await self.pacer.pause(error.pause)
                raise

    async def _outcome(self, request: Request) -> Outcome:
        for _ in range(1 + MAX_REDIRECTS):
            sent = self._built(request)
            answer = await self._answer(sent)
            elsewhere = _redirected(sent, answer)
            if elsewhere is None:
                break
            request = replace(request, path=elsewhere, query=())
        self.assess(answer)
        result = outcome(answer, credentials=self.credentials)
        return replace(result, keep=partial(self.keeper.keep, sent, answer)) if isinstance(result, Reply) else result

    def _built(self, request: Request) -> httpx2.Request:
        try:
            url = httpx2.URL(request.path)
        except httpx2.InvalidURL as error:
            raise RemoteResponseError(f"{self.service} named an address that is malformed") from error
        if url.is_absolute_url and (address.origin(url) != address.origin(self.http.base_url) or url.userinfo):
            place = address.shortened(url.host)
            raise RemoteResponseError(f"{self.service} named an address at {place}, which is not followed")
        query = request.query.items() if isinstance(request.query, Mapping) else request.query
        # As given, unless there is something to add: a cursor may not survive being written anew.
        pairs = [*url.params.multi_items(), *query] if query or self.http.params else None
        return self.http.build_request(request.method, url, params=pairs, json=request.json)

    async def _answer(self, request: httpx2.Request) -> Answer:
        kept = self.keeper.find(request)
        if kept:
            request.headers["If-None-Match"] = kept.headers["etag"]
        await self.pacer.turn()
        try:
            answer = await self._received(request)
        finally:
            self.pacer.rest(self.rest)
        is_unchanged = answer.status == httpx2.codes.NOT_MODIFIED
        return keeping.revalidated(kept, answer.headers) if kept and is_unchanged else answer

    async def _received(self, request: httpx2.Request) -> Answer:
        started = monotonic()
        status: int | str = "nothing"
        try:
            with anyio.fail_after(self.timeout):
                response = await self.http.send(request, stream=True)
                packing.leave_to_us(response.headers)
                try:
                    status = response.status_code
                    return Answer(self.service, status, response.headers, await self._body(response))
                finally:
                    await response.aclose()
        except TimeoutError as error:
            who = f"{self.service} ({request.url.host})"
            raise TransientError(f"{who} did not answer within {self.timeout:g} s: try again later") from error
        except httpx2.ConnectError as error:
            who = f"{self.service} ({request.url.host})"
            raise TransientError(f"{who} cannot be reached: check the address and the network") from error
        except httpx2.ProxyError as error:
            raise TransientError(f"The proxy did not let {self.service} be reached: check OUTBOUND_PROXY") from error
        except httpx2.DecodingError as error:
            raise TransientError(f"{self.service} sent a damaged answer: try again later") from error
        except httpx2.RequestError as error:
            raise TransientError(f"The connection to {self.service} broke: try again later") from error
        finally:
            path = request.url.path.removeprefix(self.http.base_url.path.removesuffix("/"))
            logger.debug("%s: %s %s: %s in %.3f s", self.service, request.method, path, status, monotonic() - started)

    async def _body(self, response: httpx2.Response) -> bytes:
        body = await self._read(response)
        try:
            return packing.unpacked(body, largest=LARGEST_BODY)
        except packing.OversizedError as error:
            raise self._oversized() from error
        except packing.DamagedError as error:
            if response.status_code in SAYING_ENOUGH or response.is_redirect:
                return b""
            raise TransientError(f"{self.service} sent a damaged answer: try again later") from error

    async def _read(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise self._oversized()
        return bytes(body)

    def _oversized(self) -> RemoteResponseError:
        return RemoteResponseError(f"{self.service} answered with more than {LARGEST_BODY // 1_000_000} MB")


def _redirected(request: httpx2.Request, answer: Answer) -> str | None:
    """Return where the answer sends the request, if that is the same server."""
    if answer.status not in FOLLOWED[request.method]:
        return None
    try:
        url = request.url.join(answer.headers["location"])
    except (httpx2.InvalidURL, KeyError, ValueError):
        return None
    return str(url) if address.origin(url) == address.origin(request.url) and not url.userinfo else None
