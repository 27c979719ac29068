"""Whether a film is available, from an API compatible with YTS version 2.

No authority describes it; public clients agree on `/list_movies.json?query_term=tt…` and on errors that come with 200.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx2

from backend.collection.kernel.quality import Quality
from backend.collection.yts_answer import MovieList, is_clear
from upkeep.remote import wire
from upkeep.remote.answers import Outcome
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteError, RemoteResponseError, RemoteUnavailableError
from upkeep.remote.exchange import Request
from upkeep.remote.proxies import Proxy

API_PATH = "/api/v2"

PAUSE = 2.0
"""Seconds between an answer and the next request, and between the requests of all processes: clients of these small
servers found one too short."""


class Yts:
    """Asks which films are available, one after the other."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    def availability(self, imdb_ids: Collection[str]) -> dict[str, tuple[Quality, ...] | RemoteError]:
        """Return the qualities of each film, the smaller first; none when the film is not available in one we keep.

        Raises `RemoteUnavailableError` when the service is down. Whatever is not a clear answer is an error of that
        film, never "not available".
        """
        requests = {
            imdb_id: Request(
                "/list_movies.json",
                {"query_term": imdb_id, "limit": "50"},
                judge=partial(clear_or_unavailable, imdb_id=imdb_id),
            )
            for imdb_id in imdb_ids
        }
        outcomes = self._client.map(list(requests.values()))
        return {imdb_id: _read(imdb_id, outcome) for imdb_id, outcome in zip(requests, outcomes, strict=True)}


@contextmanager
def connect(  # noqa: PLR0913 - each is an option of a client
    base_url: str,
    *,
    pause: float = PAUSE,
    allow_http_hosts: Collection[str] = (),
    proxy: Proxy | None = None,
    redis_url: Callable[[], str] | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Iterator[Yts]:
    """Give access to the service until the end of the block; its address may lack `/api/v2`.

    Raises `RemoteRejectedError` when the address is invalid.
    """
    client = RemoteClient(
        "YTS",
        f"{base_url.strip().rstrip('/').removesuffix(API_PATH)}{API_PATH}",
        concurrency=1,
        rest=pause,
        requests_per_second=1 / pause if pause else None,
        redis_url=redis_url,
        allow_http_hosts=allow_http_hosts,
        proxy=proxy,
        transport=transport,
    )
    with client:
        yield Yts(client)


def clear_or_unavailable(outcome: Outcome, *, imdb_id: str) -> Outcome:
    """Let only JSON pass that says "ok" and, in itself, whether there is such a film.

    Moved domains, captchas, errors and lists that lack what they count all mean that it is unknown.
    """
    if isinstance(outcome, RemoteUnavailableError):
        return outcome
    if isinstance(outcome, RemoteError):
        return RemoteUnavailableError(str(outcome))
    content = outcome.content if outcome else None
    if not isinstance(content, dict) or content.get("status") != "ok":
        return RemoteUnavailableError("YTS could not answer: check its address, or try again later")
    if not is_clear(content.get("data"), imdb_id):
        return RemoteUnavailableError(f"YTS answered neither yes nor no about {imdb_id}: try again later")
    return outcome


def qualities(imdb_id: str, answer: dict[str, Any]) -> tuple[Quality, ...]:
    """Return the qualities of one film from a list of films; raise `RemoteResponseError` when it is not understood."""
    return wire.read(MovieList, answer, about=f"YTS about {imdb_id}").qualities(imdb_id)


def _read(imdb_id: str, outcome: Outcome) -> tuple[Quality, ...] | RemoteError:
    if isinstance(outcome, RemoteError):
        return outcome
    try:
        return qualities(imdb_id, outcome.content if outcome else {})
    except RemoteResponseError as error:
        return error
