"""A stand-in for Kimai 2: https://www.kimai.org/documentation/rest-api.html."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import Person, WorkRecord
from tests.servers.catalogue import JSON, Received, Reply
from tests.servers.process import Server, running
from tests.servers.trackers import work

KIND = ApiKind.KIMAI
PATH = "/api"
TOKEN = "kimai-0123456789abcdef"
USERNAME = ""
PAGE = 500
MOST = 500

PROJECT, CUSTOMER = 123, 234
FOREIGN_PROJECT, FOREIGN_CUSTOMER = 777, 888
"""They exist, and the token may not see them."""
FOREIGN_ENTRIES = 5
"""They come in an answer that is not filtered."""

ZONE = ZoneInfo("America/New_York")
"""Of the token's owner."""
OWNER = work.WORKERS[1]
"""Whose the token is."""

FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is stored."""

    number: int
    project: int
    begin: datetime
    modified: datetime


class Catalogue:
    """One project with `records` entries, and a few of another customer."""

    def __init__(
        self, records: int = 5, *, moves: bool = False, sees_all: bool = True, headers: bool = True, zone: str = ZONE.key
    ) -> None:
        self._rows = [_row(number) for number in range(1, records + 1)]
        self._foreign = [replace(_row(10**6 + number), project=FOREIGN_PROJECT) for number in range(FOREIGN_ENTRIES)]
        self._sees_all, self._has_headers, self._zone = sees_all, headers, ZoneInfo(zone)
        self._moving = records if moves else 0
        if moves:
            self._put(self._moving, begin=datetime(2020, 1, 1, tzinfo=UTC), modified=datetime(2020, 1, 2, tzinfo=UTC))

    def key(self, request: Received) -> str:
        """A request's key is its path below `/api`; of entries, with the number of the page."""
        path = request.path.removeprefix(PATH)
        return f"{path}?page={request.query.get('page', '1')}" if path == "/timesheets" else path

    def reply(self, request: Received) -> Reply:
        """Answer as the source code of Kimai 2.66 does."""
        if "authorization" not in request.headers:
            return self.error(401)
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return Reply(401, b"", {"WWW-Authenticate": "Bearer"})
        reply = self._right(request)
        return replace(reply, headers={**reply.headers, "Date": format_datetime(work.NOW, usegmt=True)})

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
        if size > MOST or not all(FORMAT.fullmatch(time) for time in times):
            return self.error(400)
        if str(FOREIGN_PROJECT) == query.get("project") or str(FOREIGN_CUSTOMER) == query.get("customer"):
            return self.error(403)
        rows = list(self._found(query))
        pages = max(1, ceil(len(rows) / size))
        if page > pages:
            return self.error(404)
        entries = [_entry(row, is_full=query.get("full") in ("1", "true")) for row in rows[(page - 1) * size :][:size]]
        if self._moving and len(rows) > size:
            self._put(self._moving, begin=work.start(self._moving), modified=work.NOW)
            self._moving = 0
        counts = {"X-Page": page, "X-Total-Count": len(rows), "X-Total-Pages": pages, "X-Per-Page": size}
        headers = {name: str(value) for name, value in counts.items()} if self._has_headers else {}
        return replace(Reply.of(entries), headers={**JSON, **headers})

    def _found(self, query: Mapping[str, str]) -> Iterator[Row]:
        """Those that the filters let through; a filter by an unknown id is none."""
        is_known = query.get("project") == str(PROJECT) or query.get("customer") == str(CUSTOMER)
        rows = self._rows if is_known else [*self._rows, *self._foreign]
        descending = query.get("order", "DESC") == "DESC"
        order = {"begin": lambda row: row.begin, "id": _id}[query.get("orderBy", "begin")]
        for row in sorted(rows, key=order, reverse=descending):
            if self._is_wanted(row, query):
                yield row

    def _is_wanted(self, row: Row, query: Mapping[str, str]) -> bool:
        everybody = self._sees_all and query.get("user") == "all"
        return (
            (everybody or work.worker(row.number) == OWNER)
            and ("begin" not in query or row.begin >= _time(query["begin"], self._zone))
            and ("end" not in query or row.begin <= _time(query["end"], self._zone))
            and ("modified_after" not in query or row.modified >= _time(query["modified_after"], UTC))
        )

    def _put(self, number: int, *, begin: datetime, modified: datetime) -> None:
        self._rows[number - 1] = replace(self._rows[number - 1], begin=begin, modified=modified)


def _time(text: str, zone: Any) -> datetime:
    # Of a time that the clocks show twice, PHP takes the first.
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def _row(number: int) -> Row:
    begin = work.start(number)
    return Row(number, PROJECT, begin, begin + timedelta(hours=2))


def _id(row: Row) -> int:
    return 10_000_000 - row.number


def _entry(row: Row, *, is_full: bool) -> dict[str, Any]:
    number, worker = row.number, work.worker(row.number)
    zone = ZoneInfo(worker.zone)
    stop = work.stop(number)
    entry: dict[str, Any] = {
        "id": _id(row),
        "begin": row.begin.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z"),
        "end": stop and stop.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z"),
        "duration": work.seconds(number) if stop else (0, None)[number % 2],
        "break": 60 * (number % 3),
        "description": work.sent_text(number),
        "tags": ["print"] if number % 2 else [],
        "exported": False,
        "billable": True,
        "metaFields": _meta(number),
        "activity": 9 + number % 3,
        "project": row.project,
        "user": worker.id,
    }
    return entry | _expanded(row) if is_full else entry


def _meta(number: int) -> list[dict[str, Any]]:
    if number % 7:
        return []
    return [
        {"name": "colour", "value": "red"},
        {"name": "task_url", "value": f"https://git.example.com/x/issues/{number}"},
        {"name": "task_id", "value": f"#{number}" if number % 2 else None},
        {"name": "external_task_id", "value": ""},
    ]


def _expanded(row: Row) -> dict[str, Any]:
    number = row.number
    is_foreign = row.project == FOREIGN_PROJECT
    return {
        "activity": {"id": 9 + number % 3, "name": work.activity(number), "project": None, "visible": True},
        "project": {
            "id": row.project,
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
    *, records: int = 5, delay: float = 0.0, limit: int | None = None, moves: bool = False, **options: Any
) -> AbstractContextManager[Server]:
    """Run a stand-in.

    Args:
        records: the project has so many entries.
        delay: seconds an answer.
        limit: requests in any second.
        moves: the first entry of the list becomes another one, after it was sent.
        options: `sees_all` (entries of other people, too), `headers` (that tell the number of pages), `zone` (of the
            token's owner).
    """
    module = "tests.servers.trackers.kimai"
    return running(module, path=PATH, delay=delay, limit=limit, records=records, moves=moves, **options)


def expected(number: int) -> WorkRecord:
    """An entry as it must come out."""
    worker = work.worker(number)
    return WorkRecord(
        external_id=str(10_000_000 - number),
        person=Person(worker.login, "" if worker.id % 2 else worker.name),
        breadcrumb=f"ACME & Söhne / Webshop / {work.activity(number)}",
        text=work.text(number),
        started_at=work.start(number),
        duration=work.duration(number),
        external_task="" if number % 7 else (f"#{number}" if number % 2 else f"https://git.example.com/x/issues/{number}"),
    )


if __name__ == "__main__":
    from tests.servers.protocol import main

    main(Catalogue)
