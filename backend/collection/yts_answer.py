"""What a YTS-compatible API answers, as far as it is used: neither links nor hashes are read."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, get_args

from pydantic import Field

from backend.collection.amounts import BigInteger, Integer
from backend.collection.kernel.quality import Quality, Resolution
from upkeep.remote.wire import Answer, Array, Text

LAST_MOMENT = 253_402_300_799
"""The end of the year 9999, the last that a datetime holds."""


class Torrent(Answer):
    """One file of a film."""

    quality: Annotated[Text, Field(min_length=1)]
    """Without it nobody knows whether this is one that we keep."""
    size_bytes: BigInteger = 0
    seeds: Integer = 0
    peers: Integer = 0
    date_uploaded_unix: Annotated[BigInteger, Field(le=LAST_MOMENT)] = 0

    def as_quality(self, resolution: Resolution) -> Quality:
        """Return this in our own terms, without where it is."""
        uploaded = self.date_uploaded_unix
        return Quality(
            quality=resolution,
            size_bytes=self.size_bytes or None,
            seeds=self.seeds,
            peers=self.peers,
            uploaded_at=datetime.fromtimestamp(uploaded, UTC) if uploaded else None,
        )


class Film(Answer):
    """One film that the search found."""

    imdb_code: Text = ""
    torrents: Array[Torrent] = []

    def is_the_one(self, imdb_id: str) -> bool:
        """Whether this is the film that was asked for; the search is fuzzy."""
        return self.imdb_code.lower() == imdb_id


class Data(Answer):
    """What the search found."""

    movies: Array[Film] = []
    """Absent when nothing was found."""


class MovieList(Answer):
    """The whole answer to a search."""

    data: Data

    def qualities(self, imdb_id: str) -> tuple[Quality, ...]:
        """Return the best of each quality of one film; the others that the search brings do not count."""
        torrents = [torrent for film in self.data.movies if film.is_the_one(imdb_id) for torrent in film.torrents]
        return tuple(_best(torrents))


def is_clear(data: object, imdb_id: str) -> bool:
    """Whether what the search found says that the film is there, or that it is not.

    It says no when it lists other films, or none, and counts no more than it lists. A count above what is listed, no
    count, a list that is not one or a film without an IMDb id leave it open.
    """
    if not isinstance(data, dict) or not isinstance(films := data.get("movies", []), list | None):
        return False
    codes = [_code(film) for film in films or []]
    if imdb_id in codes:
        return True
    count = _count(data.get("movie_count"))
    return all(codes) and count is not None and count <= len(codes)


def _code(film: object) -> str:
    code = film.get("imdb_code") if isinstance(film, dict) else None
    return code.strip().lower() if isinstance(code, str) else ""


def _count(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _best(torrents: list[Torrent]) -> Iterator[Quality]:
    for resolution in get_args(Resolution):
        same = [torrent for torrent in torrents if torrent.quality == resolution]
        if same:
            yield max(same, key=lambda torrent: torrent.seeds).as_quality(resolution)
