"""A stand-in for TMDB, version 3: https://developer.themoviedb.org/reference/intro/getting-started."""

import re
from contextlib import AbstractContextManager
from typing import Any

from tests.servers import films
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

PATH = "/3"

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJ0ZXN0In0.c2lnbmF0dXJl"

MOVIE = re.compile(PATH + r"/movie/(?P<id>[0-9]+)(?:/(?P<part>[a-z_]+))?")

PARTS = {
    "external_ids": films.external_ids,
    "release_dates": films.release_dates,
    "credits": films.credit_list,
}

MAX_APPENDED = 20

ERRORS = {
    400: (27, "Too many append to response objects: The maximum number of remote calls is 20."),
    401: (7, "Invalid API key: You must be granted a valid key."),
    404: (34, "The resource you requested could not be found."),
    422: (5, "Invalid parameters: Your request parameters are incorrect."),
    429: (25, "Your request count is over the allowed limit."),
    500: (11, "Internal error: Something went wrong, contact TMDB."),
    503: (9, "Service offline: This service is temporarily offline, try again later."),
    504: (24, "Your request to the backend server timed out. Try again."),
}


class Catalogue:
    """Has every film from 1 on."""

    def key(self, request: Received) -> str:
        """A request's key is the TMDB id."""
        match = MOVIE.fullmatch(request.path)
        return match["id"] if match else request.path

    def reply(self, request: Received) -> Reply:
        """Answer as documented, one of the two test keys provided."""
        match = MOVIE.fullmatch(request.path)
        if request.query.get("api_key") != KEY and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.error(401)
        if not match or int(match["id"]) < 1:
            return self.error(404)
        tmdb_id, part = int(match["id"]), match["part"]
        if part:
            return Reply.of({"id": tmdb_id, **PARTS[part](tmdb_id)}) if part in PARTS else self.error(404)
        return self._details(tmdb_id, request.query.get("append_to_response", ""))

    def error(self, status: int) -> Reply:
        """Return TMDB's envelope, whose code is not the status."""
        code, message = ERRORS.get(status, (11, "Internal error."))
        return Reply.of({"success": False, "status_code": code, "status_message": message}, status)

    def _details(self, tmdb_id: int, wanted: str) -> Reply:
        names = [name for name in wanted.split(",") if name]
        if len(names) > MAX_APPENDED:
            return self.error(400)
        appended: dict[str, Any] = {name: PARTS[name](tmdb_id) for name in names if name in PARTS}
        return Reply.of(films.details(tmdb_id) | appended)


def tmdb_server(*, delay: float = 0.0, limit: int | None = None) -> AbstractContextManager[Server]:
    """Run a stand-in that takes `delay` seconds an answer, and allows `limit` requests in any second."""
    return running("tests.servers.tmdb", path=PATH, delay=delay, limit=limit)


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
