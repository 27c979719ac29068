"""The systems that know about films, reached as the settings say; their answers as kernels take them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from backend.collection.kernel import availability, imdb_ids, refresh
from backend.collection.kernel.answers import UNAVAILABLE, Failure
from backend.collection.kernel.movie import ExternalIds, Movie
from backend.collection.kernel.quality import Quality
from upkeep.remote.errors import RemoteError, RemoteRejectedError, RemoteUnavailableError

if TYPE_CHECKING:
    from backend.collection.tmdb import Tmdb
    from backend.collection.yts import Yts

K = TypeVar("K")
T = TypeVar("T")


class Catalogue:
    """TMDB, asked about one batch of DVDs at a time. Raises RemoteError when it refuses the API key or is down."""

    def __init__(self, tmdb: "Tmdb") -> None:
        self._tmdb = tmdb

    @property
    def address(self) -> str:
        """Where it is asked, without anything secret."""
        return self._tmdb.address

    def movies(self, rows: Sequence[refresh.Row]) -> dict[int, Movie | Failure]:
        """The details of each film, by TMDB id."""
        return _answers(self._tmdb.movies({row["tmdb_id"] for row in rows}))

    def external_ids(self, rows: Sequence[imdb_ids.Row]) -> dict[int, ExternalIds | Failure]:
        """The names of each film in other catalogues, by TMDB id."""
        return _answers(self._tmdb.external_ids({row["tmdb_id"] for row in rows}))


class Market:
    """A YTS-compatible API, asked about one batch of DVDs at a time. Raises RemoteError when it is down."""

    def __init__(self, yts: "Yts") -> None:
        self._yts = yts

    def qualities(self, rows: Sequence[availability.Row]) -> dict[str, tuple[Quality, ...] | Failure]:
        """The qualities that each film is available in, by IMDb id."""
        return _answers(self._yts.availability({row["imdb_id"] for row in rows}))


@contextmanager
def tmdb() -> Iterator[Catalogue]:
    """TMDB until the end of the block; see `check_tmdb`."""
    from backend.collection.tmdb import connect  # noqa: PLC0415 - most processes ask nobody: no HTTP client for them

    with connect(
        settings.TMDB_API_KEY,
        settings.TMDB_API_URL,
        requests_per_second=settings.TMDB_REQUESTS_PER_SECOND,
        allow_http_hosts=settings.REMOTE_HTTP_HOSTS,
        proxy=settings.REMOTE_PROXY,
        redis_url=import_string(settings.REMOTE_REDIS_URL),
    ) as connection:
        yield Catalogue(connection)


@contextmanager
def yts() -> Iterator[Market]:
    """The YTS-compatible API of the settings until the end of the block; see `check_yts`."""
    from backend.collection.yts import connect  # noqa: PLC0415 - as above

    with connect(
        settings.YTS_API_URL,
        allow_http_hosts=settings.REMOTE_HTTP_HOSTS,
        proxy=settings.REMOTE_PROXY,
        redis_url=import_string(settings.REMOTE_REDIS_URL),
    ) as connection:
        yield Market(connection)


def check_tmdb() -> None:
    """Raise ImproperlyConfigured when there is no key for TMDB."""
    if not settings.TMDB_API_KEY.strip():
        raise ImproperlyConfigured("TMDB_API_KEY is not set: get a key at themoviedb.org")


def check_yts() -> None:
    """Raise ImproperlyConfigured when the settings name no YTS-compatible API; there is none by default."""
    if not settings.YTS_API_URL.strip():
        raise ImproperlyConfigured("YTS_API_URL is not set: it is the address of a YTS-compatible API")


def _answers(outcomes: Mapping[K, T | RemoteError | None]) -> dict[K, T | Failure]:
    return {key: _answer(outcome) for key, outcome in outcomes.items()}


def _answer(outcome: T | RemoteError | None) -> T | Failure:
    if outcome is None:
        return Failure("not_found")
    if isinstance(outcome, RemoteUnavailableError):
        return Failure(UNAVAILABLE, str(outcome))
    if isinstance(outcome, RemoteRejectedError):
        return Failure("rejected", str(outcome))
    if isinstance(outcome, RemoteError):
        return Failure("not_understood", str(outcome))
    return outcome
