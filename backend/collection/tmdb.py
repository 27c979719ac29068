"""Film details from TMDB: https://developer.themoviedb.org/reference/movie-details."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx2

from backend.collection.kernel.movie import ExternalIds, Movie
from backend.collection.tmdb_answer import Details, ExternalIdsAnswer
from backend.remote import wire
from backend.remote.answers import Outcome, Reply
from backend.remote.client import RemoteClient
from backend.remote.errors import RemoteError, RemoteRejectedError, RemoteResponseError
from backend.remote.exchange import Request

T = TypeVar("T")

EVERYTHING = {"append_to_response": "external_ids,release_dates,credits"}
"""One request a film: what is appended does not count."""


class Tmdb:
    """Asks TMDB about many films at once. Each film has an outcome of its own; None is a film that TMDB does not have.

    Raises `RemoteRejectedError` when the API key is refused, and `RemoteUnavailableError` when TMDB is down.
    """

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    def movies(self, tmdb_ids: Collection[int]) -> dict[int, Movie | RemoteError | None]:
        """Return the details of each film."""
        return self._ask({tmdb_id: Request(f"/movie/{tmdb_id}", EVERYTHING) for tmdb_id in tmdb_ids}, movie)

    def external_ids(self, tmdb_ids: Collection[int]) -> dict[int, ExternalIds | RemoteError | None]:
        """Return the names of each film in other catalogues."""
        return self._ask({tmdb_id: Request(f"/movie/{tmdb_id}/external_ids") for tmdb_id in tmdb_ids}, external_ids)

    def _ask(
        self, requests: Mapping[int, Request], read: Callable[[int, dict[str, Any]], T]
    ) -> dict[int, T | RemoteError | None]:
        outcomes = self._client.map(list(requests.values()))
        return {tmdb_id: _read(tmdb_id, outcome, read) for tmdb_id, outcome in zip(requests, outcomes, strict=True)}


@contextmanager
def connect(  # noqa: PLR0913 - each is an option of a client
    api_key: str,
    base_url: str,
    *,
    requests_per_second: float | None,
    allow_http_hosts: Collection[str] = (),
    redis_url: Callable[[], str] | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Iterator[Tmdb]:
    """Give access to TMDB until the end of the block, with either kind of key that it hands out.

    Raises `RemoteRejectedError` when there is no key, or the address is not fit.
    """
    key = api_key.strip()
    if not key:
        raise RemoteRejectedError("There is no API key for TMDB: set TMDB_API_KEY")
    # A read access token is a JSON Web Token: https://developer.themoviedb.org/docs/authentication-application
    is_token = key.startswith("eyJ")
    client = RemoteClient(
        "TMDB",
        base_url,
        headers={"Authorization": f"Bearer {key}"} if is_token else {},
        params={} if is_token else {"api_key": key},
        credentials="the API key",
        requests_per_second=requests_per_second,
        redis_url=redis_url,
        allow_http_hosts=allow_http_hosts,
        transport=transport,
    )
    with client:
        yield Tmdb(client)


def movie(tmdb_id: int, answer: dict[str, Any]) -> Movie:
    """Return the film that an answer describes; raise `RemoteResponseError` when it is not understood."""
    details = wire.read(Details, answer, about=f"TMDB about film {tmdb_id}")
    if details.id != tmdb_id:
        raise RemoteResponseError(f"TMDB answered about another film than {tmdb_id}")
    return details.movie()


def external_ids(tmdb_id: int, answer: dict[str, Any]) -> ExternalIds:
    """Return a film's names elsewhere; raise `RemoteResponseError` when the answer is not understood."""
    return ExternalIds(wire.read(ExternalIdsAnswer, answer, about=f"TMDB about film {tmdb_id}").valid_imdb_id or None)


def _read(tmdb_id: int, outcome: Outcome, read: Callable[[int, dict[str, Any]], T]) -> T | RemoteError | None:
    if not isinstance(outcome, Reply):
        return outcome
    try:
        return read(tmdb_id, outcome.content)
    except RemoteResponseError as error:
        return error
