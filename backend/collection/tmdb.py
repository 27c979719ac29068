"""Film details from TMDB: https://developer.themoviedb.org/reference/movie-details.

What an answer means for its film, and whether TMDB is noted as asked about it, so that it is left alone for a while:

| answer | outcome | noted |
|---|---|---|
| 200: an object about this film with every part that was asked for, empty or not | the film | yes |
| the same with a value of an unknown type | not understood | yes |
| 404 | not found | yes |
| 400, 405, 410, 422, 451, other 4xx | rejected | yes |
| 401, 403 | the API key is refused: the run ends | no |
| 200: no object; the id or a part is absent or null; about another film | unavailable | no |
| 200: `success: false` or a `status_code`, in the object or in a part of it | unavailable | no |
| 200, 204: no JSON, nothing; HTML with 404, too | unavailable | no |
| gzip that is cut or corrupt (whole, it is unpacked, declared or not); packed otherwise | unavailable | no |
| 304, a redirect elsewhere, 408, 425, 429, 5xx; no connection; no answer in time | unavailable | no |

Unavailable 10 times in a row ends the run.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import httpx2

from backend.collection.kernel.movie import ExternalIds, Movie
from backend.collection.tmdb_answer import Details, ExternalIdsAnswer
from upkeep.remote import wire
from upkeep.remote.answers import Outcome, Reply
from upkeep.remote.client import RemoteClient
from upkeep.remote.errors import RemoteError, RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.remote.exchange import Request
from upkeep.remote.proxies import Proxy

T = TypeVar("T")

Lacking = Callable[[Mapping[str, Any]], list[str]]
"""Names what an answer lacks."""

PARTS = ("external_ids", "release_dates", "credits")
EVERYTHING = {"append_to_response": ",".join(PARTS)}
"""One request a film: what is appended does not count."""


class Tmdb:
    """Asks TMDB about many films at once. Each film has an outcome of its own; None is a film that TMDB does not have.

    Raises `RemoteRejectedError` when the API key is refused, and `RemoteUnavailableError` when TMDB is down.
    """

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    @property
    def address(self) -> str:
        """The base address of the API, without anything secret."""
        return self._client.address

    def movies(self, tmdb_ids: Collection[int]) -> dict[int, Movie | RemoteError | None]:
        """Return the details of each film."""
        return self._ask({tmdb_id: _request(tmdb_id, lacking_parts, query=EVERYTHING) for tmdb_id in tmdb_ids}, movie)

    def external_ids(self, tmdb_ids: Collection[int]) -> dict[int, ExternalIds | RemoteError | None]:
        """Return the names of each film in other catalogues."""
        return self._ask(
            {tmdb_id: _request(tmdb_id, lacking_ids, part="/external_ids") for tmdb_id in tmdb_ids}, external_ids
        )

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
    proxy: Proxy | None = None,
    redis_url: Callable[[], str] | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Iterator[Tmdb]:
    """Give access to TMDB until the end of the block, with either kind of key that it hands out.

    Raises `RemoteRejectedError` when there is no key, or the address is invalid.
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
        proxy=proxy,
        transport=transport,
    )
    with client:
        yield Tmdb(client)


def movie(tmdb_id: int, answer: dict[str, Any]) -> Movie:
    """Return the film that an answer describes; raise `RemoteResponseError` when it is not understood."""
    return wire.read(Details, answer, about=f"TMDB about film {tmdb_id}").movie()


def external_ids(tmdb_id: int, answer: dict[str, Any]) -> ExternalIds:
    """Return a film's names elsewhere; raise `RemoteResponseError` when the answer is not understood."""
    return ExternalIds(wire.read(ExternalIdsAnswer, answer, about=f"TMDB about film {tmdb_id}").valid_imdb_id or None)


def lacking_parts(answer: Mapping[str, Any]) -> list[str]:
    """Return the names of the parts of a film that are absent, null or errors; an empty part is there."""
    return [part for part in ("id", *PARTS) if answer.get(part) is None or _is_error(answer[part])]


def lacking_ids(answer: Mapping[str, Any]) -> list[str]:
    """Return `imdb_id` when an answer about external ids lacks it; null says that there is no such id."""
    return [] if "imdb_id" in answer else ["imdb_id"]


def about_film_or_unavailable(outcome: Outcome, *, tmdb_id: int, lacking: Lacking) -> Outcome:
    """Let only an answer about this film pass that lacks nothing; any other one says nothing about the film."""
    if isinstance(outcome, RemoteResponseError):
        return RemoteUnavailableError(str(outcome))
    fault = _fault(outcome.content, tmdb_id, lacking) if isinstance(outcome, Reply) else ""
    return RemoteUnavailableError(f"TMDB answered {fault}: try again later") if fault else outcome


def _fault(answer: object, tmdb_id: int, lacking: Lacking) -> str:
    if not isinstance(answer, dict):
        return "with JSON that is not an object"
    if _is_error(answer):
        return "with an error of its own and 200"
    if (found := answer.get("id")) is not None and str(found) != str(tmdb_id):
        return f"about another film than {tmdb_id}"
    missing = lacking(answer)
    return f"without {', '.join(missing)}" if missing else ""


def _is_error(answer: object) -> bool:
    """Whether this is TMDB's envelope of an error; also in the place of a part, with 200."""
    return isinstance(answer, dict) and (answer.get("success") is False or isinstance(answer.get("status_code"), int))


def _request(tmdb_id: int, lacking: Lacking, *, part: str = "", query: Mapping[str, str] | None = None) -> Request:
    judge = partial(about_film_or_unavailable, tmdb_id=tmdb_id, lacking=lacking)
    return Request(f"/movie/{tmdb_id}{part}", query or {}, judge=judge)


def _read(tmdb_id: int, outcome: Outcome, read: Callable[[int, dict[str, Any]], T]) -> T | RemoteError | None:
    if not isinstance(outcome, Reply):
        return outcome
    try:
        return read(tmdb_id, outcome.content)
    except RemoteResponseError as error:
        return error
