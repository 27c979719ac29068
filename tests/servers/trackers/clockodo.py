"""A stand-in for Clockodo: https://docs.clockodo.com."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import Person, WorkRecord
from tests.servers.trackers import work
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

KIND = ApiKind.CLOCKODO
PATH = "/api"
MODULE = "tests.servers.trackers.clockodo"
TOKEN = "0123456789abcdef0123456789abcdef"
USERNAME = "ada@example.com"
PAGE = work.PAGE
MAX_PAGE = 1000
"""That may be asked for."""

PROJECT = 123

FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

LUMP_SUMS = 4
"""Entries that are no work, in the middle of all others."""

MESSAGES = {400: "Bad request", 401: "Not authenticated", 404: "Not found", 429: "Too many requests"}


class Catalogue:
    """One project with `records` time entries, and a few about money.

    An entry belongs to a range of time when all of it is in it, which is the narrowest of the ways that could be meant;
    with `at_once`, all belong to the same moment.
    """

    def __init__(  # noqa: PLR0913 - each is an option of the server
        self,
        *,
        records: int,
        moves: bool = False,
        vanishes: bool = False,
        broken: int = 0,
        surprises: bool = True,
        at_once: bool = False,
        namesakes: bool = False,
    ) -> None:
        self._entries = work.Entries(
            records,
            moves_from=timedelta(days=-1000) if moves else None,
            vanishes=vanishes,
            broken=broken,
            surprises=surprises,
        )
        self._at_once = at_once
        self._shared = {"users_name": "Ada L."} if namesakes else {}

    def key(self, request: Received) -> str:
        """A request's key is the last part of its path."""
        return request.path.rpartition("/")[2]

    def reply(self, request: Received) -> Reply:
        """Answer as documented."""
        reply = self._refusal(request.headers) or self._right(request)
        return replace(reply, headers={**reply.headers, "Date": self._entries.date})

    def error(self, status: int) -> Reply:
        """Return the envelope of version 2."""
        return Reply.of({"error": {"code": status, "message": MESSAGES.get(status, "An error occurred")}}, status)

    def _refusal(self, headers: Mapping[str, str]) -> Reply | None:
        application = headers.get("x-clockodo-external-application", "")
        if not re.fullmatch("[^;]+;[^;]+", application) or len(application) > 50:
            return self.error(400)
        is_known = (headers.get("x-clockodoapiuser"), headers.get("x-clockodoapikey")) == (USERNAME, TOKEN)
        return None if is_known else self.error(401)

    def _right(self, request: Received) -> Reply:
        path = request.path.removeprefix(PATH)
        if path == f"/v4/projects/{PROJECT}":
            return Reply.of({"data": _project()})
        if path == "/v2/entries":
            return self._page(request.query)
        not_found = {"type": "NotFound", "message": "The resource was not found", "details": None, "path": None}
        return Reply.of({"errors": [not_found]}, 404)

    def _page(self, query: Mapping[str, str]) -> Reply:
        page, size = int(query.get("page", "1")), int(query.get("items_per_page", "50"))
        wrong = [name for name in ("time_since", "time_until") if not FORMAT.fullmatch(query.get(name, ""))]
        if wrong or not 1 <= size <= MAX_PAGE:
            error = {"code": 400, "message": "Invalid parameter", "fields": wrong or ["items_per_page"]}
            return Reply.of({"error": error}, 400)
        found = self._found(query)
        size = min(size, PAGE)
        sent = found[(page - 1) * size :][:size]
        is_enhanced = query.get("enhanced_list") == "true"
        entries = [
            self._entries.shaped(number, _entry(number, self._begin(number), is_enhanced=is_enhanced), "text")
            | self._shared
            for number in sent
        ]
        self._entries.page_was_sent([number for number in sent if number > 0])
        paging = {
            "items_per_page": size,
            "current_page": page,
            "count_pages": ceil(len(found) / size),
            "count_items": len(found),
        }
        return Reply.of({"paging": paging, "entries": entries})

    def _found(self, query: Mapping[str, str]) -> list[int]:
        """In an order that nobody promised: the last changed first, and what is about money in between."""
        if query.get("filter[projects_id]") != str(PROJECT):
            return []
        numbers = sorted(self._entries.numbers(), key=self._entries.changed, reverse=True)
        numbers[1:1] = [-place for place in range(1, LUMP_SUMS + 1)]
        since, until = (datetime.fromisoformat(query[name]) for name in ("time_since", "time_until"))
        return [number for number in numbers if since <= self._begin(number) and self._end(number) <= until]

    def _begin(self, number: int) -> datetime:
        if number < 0:
            return work.FIRST + timedelta(minutes=number)
        return work.FIRST if self._at_once else self._entries.begin(number)

    def _end(self, number: int) -> datetime:
        return self._begin(number) + timedelta(seconds=0 if number < 0 else work.seconds(number))


def _entry(number: int, begin: datetime, *, is_enhanced: bool) -> dict[str, Any]:
    entry = _money(-number, begin) if number < 0 else _time(number, begin)
    if is_enhanced:
        return entry
    return {name: value for name, value in entry.items() if not name.endswith("_name")} | {"text": None}


def _everywhere(begin: datetime) -> dict[str, Any]:
    return {
        "customers_id": 31,
        "customers_name": "ACME & Söhne",
        "projects_id": PROJECT,
        "projects_name": "Webshop",
        "subprojects_id": None,
        "billable": 2,
        "time_since": _text(begin),
        "time_insert": _text(begin),
        "time_last_change": _text(begin),
        "test_data": False,
    }


def _time(number: int, begin: datetime) -> dict[str, Any]:
    worker, stop = work.worker(number), work.stop(number)
    return _everywhere(begin) | {
        "id": 9_000_000 + number,
        "type": 1,
        "users_id": worker.id,
        "users_name": worker.name,
        "services_id": number % 3,
        "services_name": work.activity(number),
        "texts_id": 77,
        "text": work.sent_text(number),
        "time_until": stop and _text(stop),
        "duration": work.seconds(number) if stop else None,
        "clocked": stop is None,
        "clocked_offline": False,
        "time_clocked_since": None if stop else _text(begin),
        "time_last_change_work_time": _text(begin),
    }


def _money(number: int, begin: datetime) -> dict[str, Any]:
    entry = _everywhere(begin) | {
        "id": 5_000_000 + number,
        "type": 2 + number % 2,
        "users_id": 4,
        "users_name": "Ada L.",
        "texts_id": None,
        "text": None,
        "time_until": _text(begin),
    }
    if number % 2:
        return entry | {"lumpsum_services_id": 4, "lumpsum_services_amount": 2, "lumpsum_services_price": 12.5}
    return entry | {"services_id": 2, "services_name": "Development", "lumpsum": 99.9}


def _project() -> dict[str, Any]:
    return {
        "id": PROJECT,
        "customers_id": 31,
        "name": "Webshop",
        "number": None,
        "active": True,
        "billable_default": True,
        "completed": False,
        "completed_at": None,
        "test_data": False,
        "count_subprojects": 0,
        "service_assignments": [],
        "start_date": None,
    }


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def location(origin: str) -> str:
    """The page of the project."""
    return f"{origin}/en/projectreports/report/?id={PROJECT}"


def server(
    *, records: int = 5, delay: float = 0.0, limit: int | None = None, **options: bool
) -> AbstractContextManager[Server]:
    """Run a stand-in; an entry `moves` after the first page was sent, one `vanishes` after each of the first.

    With `namesakes`, everybody has the same name.
    """
    return running(MODULE, path=PATH, delay=delay, limit=limit, records=records, **options)


def expected(number: int) -> WorkRecord:
    """An entry as it must come out."""
    name = work.worker(number).name
    return WorkRecord(
        external_id=str(9_000_000 + number),
        person=Person(name, name, external_id=str(work.worker(number).id)),
        breadcrumb=f"ACME & Söhne / Webshop / {work.activity(number)}",
        text=work.text(number),
        started_at=work.start(number),
        duration=work.duration(number),
    )


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
