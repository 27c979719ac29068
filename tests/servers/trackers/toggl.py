"""A stand-in for Toggl Track, API 9 and reports 3: https://engineering.toggl.com/docs."""

import json
from base64 import b64encode
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import Person, WorkRecord
from tests.servers.trackers import work
from upkeep.testing.servers.catalogue import JSON, Received, Reply
from upkeep.testing.servers.process import Server, running

KIND = ApiKind.TOGGL
PATH = ""
MODULE = "tests.servers.trackers.toggl"
TOKEN = "1971800d4d82861d8f2c1651fea4d212"
USERNAME = ""
PAGE = work.PAGE

WORKSPACE, PROJECT = 1_234_567, 7_654_321
ZONE = ZoneInfo("Pacific/Auckland")
"""Of the token's owner."""
LONGEST = timedelta(days=365)

AUTHORIZATION = "Basic " + b64encode(f"{TOKEN}:api_token".encode()).decode()

WITHOUT_PROJECT = (1_000_001, 1_000_002)
"""Entries of the workspace that belong to no project."""

MESSAGES = {
    400: "Invalid start_date",
    402: "Workspace needs to have this feature enabled",
    403: "Incorrect username and/or password",
    404: "Resource can not be found",
    429: "Too many requests",
}

TASKS = {0: None, 1: (88, "Büro"), 2: (99, "会議")}


class Catalogue:
    """One project with `records` entries, and a few without a project.

    An answer has several entries in one group, where they are alike. After `quota` requests it allows no more.
    """

    def __init__(  # noqa: PLR0913 - each is an option of the server
        self,
        *,
        records: int,
        moves: bool = False,
        vanishes: bool = False,
        broken: int = 0,
        surprises: bool = True,
        gap: int = 0,
        quota: int | None = None,
        resets_in: int = 2400,
        circles: bool = False,
        most: int = PAGE,
    ) -> None:
        self._entries = work.Entries(
            records,
            moves_from=timedelta(days=1000) if moves else None,
            vanishes=vanishes,
            broken=broken,
            surprises=surprises,
        )
        self._gap, self._older = timedelta(days=gap), records // 2
        self._quota, self._resets_in, self._circles, self._most = quota, resets_in, circles, most

    def key(self, request: Received) -> str:
        """A request's key is the last part of its path."""
        return request.path.rpartition("/")[2]

    def reply(self, request: Received) -> Reply:
        """Answer as documented."""
        reply = self._counted(request)
        return replace(reply, headers={**reply.headers, "Date": self._entries.date})

    def error(self, status: int) -> Reply:
        """Return the bare text that errors are."""
        return Reply.of(MESSAGES.get(status, "Internal Server Error"), status)

    def _counted(self, request: Received) -> Reply:
        if request.headers.get("authorization") != AUTHORIZATION:
            return Reply(403, MESSAGES[403].encode(), {"Content-Type": "text/plain"})
        if self._quota is None:
            return self._right(request)
        self._quota -= 1
        is_over = self._quota < 0
        reply = Reply.of("You have hit your hourly limit", 402) if is_over else self._right(request)
        return reply.with_headers(
            X_Toggl_Quota_Remaining=str(max(0, self._quota)), X_Toggl_Quota_Resets_In=str(self._resets_in)
        )

    def _right(self, request: Received) -> Reply:
        if request.path == f"/api/v9/workspaces/{WORKSPACE}/projects/{PROJECT}":
            return Reply.of(_project())
        if request.path == "/api/v9/me/workspaces":
            return Reply.of([{"id": WORKSPACE, "name": "ACME", "organization_id": 55, "role": "admin"}])
        if request.path == f"/reports/api/v3/workspace/{WORKSPACE}/search/time_entries":
            return self._report(json.loads(request.body)) if request.method == "POST" else self.error(404)
        return self.error(403 if request.path.startswith("/reports") else 404)

    def _report(self, body: dict[str, Any]) -> Reply:
        first, last = date.fromisoformat(body["start_date"]), date.fromisoformat(body["end_date"])
        if first > last:
            return self.error(400)
        # Of a longer range the old reports said that there was nothing in it.
        numbers = self._found(body, first, last) if last - first < LONGEST else []
        places = [self._place(number) for number in numbers]
        if "first_id" in body:
            cursor = (body["first_timestamp"], body["first_id"])
            numbers = [number for number, place in zip(numbers, places, strict=True) if place <= cursor]
        size = min(body.get("page_size", 50), self._most)
        sent, rest = numbers[:size], numbers[size:]
        reply = Reply.of(self._groups(sent, is_enriched=body.get("enrich_response", False)))
        row = body.get("first_row_number", 1)
        headers = self._next(rest[0], row + size) if rest else {}
        if self._circles:
            headers = self._next(1, 3 - row)
        self._entries.page_was_sent([number for number in sent if number not in WITHOUT_PROJECT])
        return replace(reply, headers={**JSON, **headers})

    def _found(self, body: dict[str, Any], first: date, last: date) -> list[int]:
        numbers = self._entries.numbers()
        if body.get("project_ids") != [PROJECT]:
            numbers += WITHOUT_PROJECT
        wanted = [number for number in numbers if first <= self._begin(number).astimezone(ZONE).date() <= last]
        return sorted(wanted, key=self._place, reverse=body.get("order_dir", "DESC") == "DESC")

    def _begin(self, number: int) -> datetime:
        if number in WITHOUT_PROJECT:
            return self._entries.now
        begin = self._entries.begin(number)
        return begin - self._gap if number <= self._older else begin

    def _place(self, number: int) -> tuple[int, int]:
        return int(self._begin(number).timestamp()), _id(number)

    def _next(self, number: int, row: int) -> dict[str, str]:
        timestamp, entry_id = self._place(number)
        return {"X-Next-ID": str(entry_id), "X-Next-Row-Number": str(row), "X-Next-Timestamp": str(timestamp)}

    def _times(self, number: int) -> dict[str, Any]:
        return self._entries.shaped(number, _times(number, self._begin(number)), "seconds")

    def _groups(self, numbers: list[int], *, is_enriched: bool) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = []
        for row, number in enumerate(numbers, start=1):
            alike = _alike(number, is_enriched=is_enriched)
            if groups and {name: groups[-1][name] for name in alike} == alike:
                groups[-1]["time_entries"].append(self._times(number))
            else:
                groups.append(alike | {"row_number": row, "time_entries": [self._times(number)]})
        return groups


def _id(number: int) -> int:
    return 3_456_789_012 + number


def _of(number: int) -> int:
    """The number whose facts an entry has: two after another are alike."""
    return number - number % 2 if number > work.RUNNING + 1 else number


def _alike(number: int, *, is_enriched: bool) -> dict[str, Any]:
    has_project = number not in WITHOUT_PROJECT
    number = _of(number)
    worker, task = work.worker(number), TASKS[number % len(TASKS)]
    names = {
        "project_name": "Webshop" if has_project else None,
        "client_name": "ACME & Söhne" if has_project else None,
        "task_name": task[1] if task else None,
        "tag_names": ["print"],
    }
    return {
        "user_id": worker.id,
        "username": worker.name,
        "email": worker.login if "@" in worker.login else f"{worker.login}@example.com",
        "project_id": PROJECT if has_project else None,
        "task_id": task[0] if task else None,
        "billable": True,
        "description": work.sent_text(number),
        "tag_ids": [11],
        "currency": "EUR",
    } | (names if is_enriched else {})


def _times(number: int, begin: datetime) -> dict[str, Any]:
    stop = work.stop(number)
    return {
        "id": _id(number),
        "seconds": work.seconds(number) if stop else -1,
        "start": begin.astimezone(ZONE).isoformat(),
        "stop": stop and stop.astimezone(ZONE).isoformat(),
        "at": (begin + timedelta(hours=2)).isoformat(),
        "at_tz": (begin + timedelta(hours=2)).astimezone(ZONE).isoformat(),
    }


def _project() -> dict[str, Any]:
    return {
        "id": PROJECT,
        "workspace_id": WORKSPACE,
        "client_id": 31,
        "name": "Webshop",
        "is_private": True,
        "active": True,
        "at": "2026-01-02T03:04:05+00:00",
        "created_at": "2026-03-01T00:00:00+00:00",
        "color": "#d94182",
    }


def location(origin: str) -> str:
    """The page of the project."""
    return f"{origin}/{WORKSPACE}/projects/{PROJECT}/team"


def server(
    *, records: int = 5, delay: float = 0.0, limit: int | None = None, **options: Any
) -> AbstractContextManager[Server]:
    """Run a stand-in.

    Its `options`: an entry `moves` after the first page was sent; one `vanishes` after each of the first; the older
    half is `gap` days further back; after `quota` requests it allows no more, and says for how many seconds
    (`resets_in`); of two pages, each `circles` back to the other; the `most` that it sends.
    """
    return running(MODULE, path=PATH, delay=delay, limit=limit, records=records, **options)


def expected(number: int) -> WorkRecord:
    """An entry as it must come out."""
    alike = number if number < 4 else number // 2 * 2
    worker = work.worker(alike)
    email = {"ada": "ada@example.com", "haruka": "haruka@example.com"}.get(worker.login, "zoë@example.com")
    task, name = {0: ("", ""), 1: ("88", " / Büro"), 2: ("99", " / 会議")}[alike % 3]
    return WorkRecord(
        external_id=str(3_456_789_012 + number),
        person=Person(email, worker.name, email, external_id=str(worker.id)),
        breadcrumb=f"ACME & Söhne / Webshop{name}",
        text=work.text(alike),
        started_at=work.start(number),
        duration=work.duration(number),
        external_task=task,
    )


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
