"""What a YTS-compatible API answers, as far as it is used: neither links nor hashes are read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, get_args

from pydantic import Field

from backend.collection.amounts import BigInteger, Integer
from backend.collection.kernel.quality import Quality, Resolution
from backend.remote.wire import Answer, Array, Text

LAST_MOMENT = 253_402_300_799
"""The end of the year 9999, the last that a datetime holds."""


class Torrent(Answer):
    """One file of a film."""

    quality: Text = ""
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


class Data(Answer):
    """What the search found."""

    movies: Array[Film] = []
    """Absent when nothing was found."""


class MovieList(Answer):
    """The whole answer to a search."""

    data: Data

    def qualities(self, imdb_id: str) -> tuple[Quality, ...]:
        """Return the best of each quality of one film; the search is fuzzy and may bring others."""
        torrents = [torrent for film in self.data.movies if film.imdb_code == imdb_id for torrent in film.torrents]
        return tuple(_best(torrents))


def _best(torrents: list[Torrent]) -> Iterator[Quality]:
    for resolution in get_args(Resolution):
        same = [torrent for torrent in torrents if torrent.quality == resolution]
        if same:
            yield max(same, key=lambda torrent: torrent.seeds).as_quality(resolution)
