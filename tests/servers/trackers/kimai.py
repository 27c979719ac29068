"""A stand-in for Kimai 2: https://www.kimai.org/documentation/rest-api.html."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import Person, WorkRecord
from tests.servers.trackers import work
from upkeep.testing.servers.catalogue import JSON, Received, Reply
from upkeep.testing.servers.process import Server, running

KIND = ApiKind.KIMAI
PATH = "/api"
MODULE = "tests.servers.trackers.kimai"
TOKEN = "kimai-0123456789abcdef"
USERNAME = ""
PAGE = work.PAGE
MAX_PAGE = 500
"""That may be asked for."""

PROJECT, CUSTOMER = 123, 234
FOREIGN_PROJECT, FOREIGN_CUSTOMER = 777, 888
"""They exist, and the token may not see them."""
FOREIGN_ENTRIES = range(1_000_001, 1_000_006)
"""They come in an answer that is not filtered."""

OWNER = work.WORKERS[1]
"""Whose the token is."""

FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Catalogue:
    """One project with `records` entries, and a few of another customer."""

    def __init__(  # noqa: PLR0913 - each is an option of the server
        self,
        *,
        records: int,
        moves: bool = False,
        vanishes: bool = False,
        broken: int = 0,
        surprises: bool = True,
        sees_all: bool = True,
        counts: bool = True,
        zone: str = "America/New_York",
        most: int = PAGE,
    ) -> None:
        self._entries = work.Entries(
            records,
            moves_from=timedelta(days=-1000) if moves else None,
            vanishes=vanishes,
            broken=broken,
            surprises=surprises,
        )
        self._sees_all, self._counts, self._zone, self._most = sees_all, counts, ZoneInfo(zone), most

    def key(self, request: Received) -> str:
        """A request's key is the last part of its path."""
        return request.path.rpartition("/")[2]

    def reply(self, request: Received) -> Reply:
        """Answer as the source code of Kimai 2.66 does."""
        if "authorization" not in request.headers:
            return self.error(401)
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return Reply(401, b"", {"WWW-Authenticate": "Bearer"})
        reply = self._right(request)
        return replace(reply, headers={**reply.headers, "Date": self._entries.date})

    def error(self, status: int) -> Reply:
        """Return Kimai's envelope."""
        names = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
        return Reply.of({"code": status, "message": names.get(status, "Internal Server Error")}, status)

    def _right(self, request: Received) -> Reply:
        path = request.path.removeprefix(PATH)
        if path == "/timesheets":
            return self._timesheets(request.query)
        if path in (f"/projects/{FOREIGN_PROJECT}", f"/customers/{FOREIGN_CUSTOMER}"):
            return self.error(403)
        things: dict[str, Callable[[], dict[str, Any]]] = {
            "/users/me": self._me,
            f"/projects/{PROJECT}": _project_entity,
            f"/customers/{CUSTOMER}": lambda: _customer() | {"contact": None, "email": None, "teams": []},
        }
        return Reply.of(things[path]()) if path in things else self.error(404)

    def _me(self) -> dict[str, Any]:
        return _user(OWNER) | {"timezone": self._zone.key, "locale": "en", "language": "en"}

    def _timesheets(self, query: Mapping[str, str]) -> Reply:
        page, size = int(query.get("page", "1")), int(query.get("size", "50"))
        times = [query[name] for name in ("begin", "end", "modified_after") if name in query]
        if size > MAX_PAGE or not all(FORMAT.fullmatch(time) for time in times):
            return self.error(400)
        if str(FOREIGN_PROJECT) == query.get("project") or str(FOREIGN_CUSTOMER) == query.get("customer"):
            return self.error(403)
        found = self._found(query)
        size = min(size, self._most)
        pages = max(1, ceil(len(found) / size))
        if page > pages:
            return self.error(404)
        sent = found[(page - 1) * size :][:size]
        is_full = query.get("full") in ("1", "true")
        entries = [self._entry(number, is_full=is_full) for number in sent]
        self._entries.page_was_sent(sent)
        counts = {"X-Page": page, "X-Total-Count": len(found), "X-Total-Pages": pages, "X-Per-Page": size}
        headers = {name: str(value) for name, value in counts.items()} if self._counts else {}
        return replace(Reply.of(entries), headers={**JSON, **headers})

    def _found(self, query: Mapping[str, str]) -> list[int]:
        """Those that the filters let through; a filter by an unknown id is none."""
        is_known = query.get("project") == str(PROJECT) or query.get("customer") == str(CUSTOMER)
        numbers = [number for number in self._entries.numbers() if self._is_wanted(number, query)]
        if query.get("orderBy", "begin") == "id":
            numbers.sort(key=_id)
        if query.get("order", "DESC") == "DESC":
            numbers.reverse()
        return numbers if is_known else [*numbers, *FOREIGN_ENTRIES]

    def _entry(self, number: int, *, is_full: bool) -> dict[str, Any]:
        return self._entries.shaped(number, _entry(number, self._begin(number), is_full=is_full), "description")

    def _begin(self, number: int) -> datetime:
        return self._entries.now if number in FOREIGN_ENTRIES else self._entries.begin(number)

    def _is_wanted(self, number: int, query: Mapping[str, str]) -> bool:
        everybody = self._sees_all and query.get("user") == "all"
        begin, changed = self._entries.begin(number), self._entries.changed(number)
        return (
            (everybody or work.worker(number) == OWNER)
            and ("begin" not in query or begin >= _time(query["begin"], self._zone))
            and ("end" not in query or begin <= _time(query["end"], self._zone))
            and ("modified_after" not in query or changed >= _time(query["modified_after"], UTC))
        )


def _time(text: str, zone: tzinfo) -> datetime:
    # Of a time that the clocks show twice, PHP takes the first.
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def _id(number: int) -> int:
    return 10_000_000 + number


def _entry(number: int, begin: datetime, *, is_full: bool) -> dict[str, Any]:
    worker, stop = work.worker(number), work.stop(number)
    zone = ZoneInfo(worker.zone)
    entry: dict[str, Any] = {
        "id": _id(number),
        "begin": begin.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z"),
        "end": stop and stop.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z"),
        "duration": work.seconds(number) if stop else 0,
        "break": 60 * (number % 3),
        "description": work.sent_text(number),
        "tags": ["print"] if number % 2 else [],
        "exported": False,
        "billable": True,
        "metaFields": _meta(number),
        "activity": 9 + number % 3,
        "project": FOREIGN_PROJECT if number in FOREIGN_ENTRIES else PROJECT,
        "user": worker.id,
    }
    return entry | _expanded(number, entry["project"]) if is_full else entry


def _meta(number: int) -> list[dict[str, Any]]:
    if number % 7:
        return []
    return [
        {"name": "colour", "value": "red"},
        {"name": "task_url", "value": f"https://git.example.com/x/issues/{number}"},
        {"name": "task_id", "value": f"#{number}" if number % 2 else None},
        {"name": "external_task_id", "value": ""},
    ]


def _expanded(number: int, project: int) -> dict[str, Any]:
    is_foreign = project == FOREIGN_PROJECT
    return {
        "activity": {"id": 9 + number % 3, "name": work.activity(number), "project": None, "visible": True},
        "project": {
            "id": project,
            "name": "Elsewhere" if is_foreign else "Webshop",
            "number": "0007",
            "start": None,
            "end": None,
            "comment": None,
            "metaFields": [],
            "customer": {"id": FOREIGN_CUSTOMER, "name": "Others"} if is_foreign else _customer(),
        },
        "user": _user(work.worker(number)),
    }


def _customer() -> dict[str, Any]:
    return {"id": CUSTOMER, "name": "ACME & Söhne", "number": "0001", "currency": "EUR", "timezone": "Europe/Berlin"}


def _project_entity() -> dict[str, Any]:
    return {"id": PROJECT, "name": "Webshop", "customer": CUSTOMER, "parentTitle": "ACME & Söhne", "visible": True}


def _user(worker: work.Worker) -> dict[str, Any]:
    alias = worker.name if worker.id % 2 == 0 else None
    return {"id": worker.id, "username": worker.login, "alias": alias, "enabled": True, "color": None}


def location(origin: str) -> str:
    """The page of the project."""
    return f"{origin}/en/admin/project/{PROJECT}/details"


def server(
    *, records: int = 5, delay: float = 0.0, limit: int | None = None, **options: Any
) -> AbstractContextManager[Server]:
    """Run a stand-in.

    Its `options`: an entry `moves` after the first page was sent; one `vanishes` after each of the first; it `sees_all`
    (True) entries of other people, too; it `counts` (True) the pages in headers; the `zone` of the token's owner; the
    `most` that it sends.
    """
    return running(MODULE, path=PATH, delay=delay, limit=limit, records=records, **options)


def expected(number: int) -> WorkRecord:
    """An entry as it must come out."""
    worker = work.worker(number)
    return WorkRecord(
        external_id=str(10_000_000 + number),
        person=Person(worker.login, "" if worker.id % 2 else worker.name, external_id=str(worker.id)),
        breadcrumb=f"ACME & Söhne / Webshop / {work.activity(number)}",
        text=work.text(number),
        started_at=work.start(number),
        duration=work.duration(number),
        external_task=""
        if number % 7
        else (f"#{number}" if number % 2 else f"https://git.example.com/x/issues/{number}"),
    )


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
