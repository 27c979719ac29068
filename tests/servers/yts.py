"""A stand-in for an API compatible with YTS version 2."""

from contextlib import AbstractContextManager
from typing import Any

from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

PATH = "/api/v2"

UNKNOWN_FROM = 9_000_000
"""Films whose IMDb number is not below it are not available."""


class Catalogue:
    """Has every film below `UNKNOWN_FROM`, after another one that was not asked for: the search is fuzzy."""

    def key(self, request: Received) -> str:
        """A request's key is the IMDb id."""
        return request.query.get("query_term", request.path)

    def reply(self, request: Received) -> Reply:
        """Answer as public clients expect it."""
        if request.path != f"{PATH}/list_movies.json":
            return self.error(404)
        term = request.query.get("query_term", "")
        found = term.startswith("tt") and int(term[2:]) < UNKNOWN_FROM
        return Reply.of(answer([movie("tt9999999"), movie(term)] if found else []))

    def error(self, status: int) -> Reply:
        """Return an error; those that the API makes itself come with 200."""
        return Reply.of({"status": "error", "status_message": "Something went wrong"}, status)


def answer(movies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the envelope; it has no films when there is none."""
    data: dict[str, Any] = {"movie_count": len(movies), "limit": 50, "page_number": 1}
    return {
        "status": "ok",
        "status_message": "Query was successful",
        "data": data | ({"movies": movies} if movies else {}),
        "@meta": {"api_version": 2, "execution_time": "0 ms"},
    }


def movie(imdb_id: str) -> dict[str, Any]:
    """Return a film in several qualities, one of them twice."""
    number = int(imdb_id[2:])
    return {
        "id": number,
        "imdb_code": imdb_id,
        "title": f"The Tide {number}",
        "title_english": f"The Tide {number}",
        "title_long": f"The Tide {number} (2021)",
        "slug": f"the-tide-{number}-2021",
        "url": f"https://yts.example.com/movies/the-tide-{number}-2021",
        "year": 2021,
        "rating": 6.8,
        "runtime": 104,
        "genres": ["Drama"],
        "language": "en",
        "mpa_rating": "",
        "state": "ok",
        "torrents": [
            torrent("2160p", seeds=90),
            torrent("1080p", seeds=4),
            torrent("1080p", seeds=12),
            torrent("1080p.x265", seeds=50),
            torrent("720p", seeds=number % 100),
        ],
        "date_uploaded": "2021-12-01 10:00:00",
        "date_uploaded_unix": 1638352800,
    }


def torrent(quality: str, *, seeds: int) -> dict[str, Any]:
    """Return one file; its size tells which one it is."""
    return {
        "url": "https://yts.example.com/torrent/download/0",
        "hash": "0" * 40,
        "quality": quality,
        "type": "web",
        "video_codec": "x264",
        "seeds": seeds,
        "peers": 3,
        "size": "1.85 GB",
        "size_bytes": 1_986_422_000 + seeds,
        "date_uploaded": "2021-12-01 10:00:00",
        "date_uploaded_unix": 1638352800,
    }


def yts_server(*, delay: float = 0.0, limit: int | None = None) -> AbstractContextManager[Server]:
    """Run a stand-in that takes `delay` seconds an answer, and allows `limit` requests in any second."""
    return running("tests.servers.yts", path=PATH, delay=delay, limit=limit)


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
