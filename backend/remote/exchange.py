"""One request and its answer, on the event loop."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

import anyio
import httpx2

from backend.remote.answers import Answer, Outcome, outcome
from backend.remote.errors import RemoteResponseError, RemoteUnavailableError
from backend.remote.pacing import Pacer
from backend.remote.retries import TransientError, retrying

logger = logging.getLogger(__name__)

# httpx logs complete addresses at INFO, and an API key may be part of them. A filter, since a level is easily set back.
logging.getLogger("httpx2").addFilter(lambda record: record.levelno >= logging.WARNING)

LARGEST_BODY = 10_000_000
"""Bytes, after decompression."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to GET: a path below the base address, beginning with `/`, and a query without secrets."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)


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

    async def ask(self, request: Request) -> Outcome:
        """Return what became of the request after at most 4 attempts; raise when the credentials are refused."""
        try:
            return await retrying(self._attempt, request)
        except (RemoteUnavailableError, RemoteResponseError) as error:
            return error

    async def _attempt(self, request: Request) -> Outcome:
        async with self.slots:
            await self.pacer.turn()
            try:
                return outcome(await self._answer(request), credentials=self.credentials)
            except TransientError as error:
                await self.pacer.pause(error.pause)
                raise
            finally:
                self.pacer.rest(self.rest)

    async def _answer(self, request: Request) -> Answer:
        started = monotonic()
        status: int | str = "nothing"
        try:
            with anyio.fail_after(self.timeout):
                async with self.http.stream("GET", request.path, params=request.query) as response:
                    status = response.status_code
                    return Answer(self.service, status, response.headers, await self._body(response))
        except TimeoutError as error:
            raise TransientError(f"{self.service} did not answer within {self.timeout:g} s: try again later") from error
        except httpx2.ConnectError as error:
            raise TransientError(f"{self.service} cannot be reached: check the address and the network") from error
        except httpx2.RequestError as error:
            raise TransientError(f"The connection to {self.service} broke: try again later") from error
        finally:
            logger.debug("%s: GET %s: %s in %.3f s", self.service, request.path, status, monotonic() - started)

    async def _body(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise RemoteResponseError(f"{self.service} answered with more than {LARGEST_BODY // 1_000_000} MB")
        return bytes(body)
