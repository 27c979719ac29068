"""A stand-in for GitHub's REST API, as a GitHub Enterprise Server offers it: https://docs.github.com/en/rest/issues.

Its repository has issues 1, 2, …, each changed an hour after the one before, and between the tenth and the eleventh so
many pull requests that a page is full of them.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import Person, TaskRecord
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

KIND = ApiKind.GITHUB
TOKEN = "github_pat_11AAAAAAA0aaaaaaaaaaaa_s3cr3t"
USERNAME = ""
PAGE = 100

PATH = "/api/v3"
REPOSITORY = "someone/any.thing"
OLD_REPOSITORY = "someone/old-name"
SILENT_REPOSITORY = "someone/no-issues"

ROUTE = re.compile(PATH + r"/(?:repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<id>[0-9]+))(?P<issues>/issues)?")

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
VIENNA = timezone(timedelta(hours=2))

PULLS = 220
HIGHEST_PAGE = 3
"""Behind it there are cursors only, as GitHub has it for large lists."""

MESSAGES = {
    401: "Bad credentials",
    403: "Resource not accessible by personal access token",
    404: "Not Found",
    410: "Issues are disabled for this repo",
    422: "Pagination with the page parameter is not supported for large datasets, please use cursor based pagination",
    429: "Too many requests",
}


def location(origin: str) -> str:
    """Return what a user would copy."""
    return f"{origin}/{REPOSITORY}.git"


def server(  # noqa: PLR0913 - each is something that may be otherwise
    *,
    records: int = 250,
    delay: float = 0.0,
    limit: int | None = None,
    moves: bool = False,
    broken: int = 0,
    surprises: bool = True,
    at_once: bool = False,
) -> AbstractContextManager[Server]:
    """Run a stand-in.

    Args:
        records: the number of issues.
        delay: seconds an answer takes.
        limit: requests in any second.
        moves: somebody changes issue 1 as soon as a page was read that another issue follows.
        broken: the number of the issue that has a shape which nobody understands.
        surprises: there are fields which the documentation does not know.
        at_once: all issues were changed in the same second.
    """
    return running(
        "tests.servers.trackers.github",
        path=PATH,
        delay=delay,
        limit=limit,
        records=records,
        moves=moves,
        broken=broken,
        surprises=surprises,
        at_once=at_once,
    )


def expected(number: int) -> TaskRecord:
    """Return the task that issue `number` is."""
    changed = FIRST + timedelta(hours=number)
    is_closed = number % 2 == 0
    author = None if number % 5 == 0 or number % 7 == 0 else person("zoë-größe" if number % 3 == 0 else "ada")
    assignees = {0: (), 1: (person("ada"),), 2: (person("ada"), person("bob"))}[number % 3]
    return TaskRecord(
        external_id=str(9_000_000_000 + number),
        code=f"#{number}",
        title=f"Größe {number} stimmt nicht 🎬",
        description="" if number % 3 == 0 else f"Steps:\n1. pick month {number}\n2. “export”",
        url=f"https://github.example/{REPOSITORY}/issues/{number}",
        state="open" if not is_closed else "closed (not_planned)" if number % 4 == 0 else "closed",
        created_at=FIRST - timedelta(days=number),
        updated_at=changed,
        closed_at=changed if is_closed else None,
        due_on=datetime(2026, 3, 31, tzinfo=UTC).date() if number % 6 == 0 else None,
        author=author,
        assignees=assignees,
    )


def user_id(login: str) -> int:
    """Return the number of an account, which stays when it is renamed."""
    return 9_000 + crc32(login.encode())


def person(login: str) -> Person:
    """Return an account as it must come out."""
    return Person(login, external_id=str(user_id(login)))


def user(login: str, kind: str = "User") -> dict[str, Any]:
    """Return an account."""
    web = f"https://github.example/{login}"
    return {
        "login": login,
        "id": user_id(login),
        "node_id": f"U_{user_id(login)}",
        "avatar_url": f"{web}.png",
        "url": f"{web}?api",
        "html_url": web,
        "type": kind,
        "site_admin": False,
    }


def issue(number: int, changed: datetime) -> dict[str, Any]:
    """Return an issue as the list has it."""
    people = [user("ada"), user("bob")][: number % 3]
    return _item(number, "issues") | {
        "id": 9_000_000_000 + number,
        "title": f"Größe {number} stimmt nicht 🎬",
        "body": None if number % 3 == 0 else f"Steps:\n1. pick month {number}\n2. “export”\0",
        "state": "open" if number % 2 else "closed",
        "state_reason": None if number % 2 else "not_planned" if number % 4 == 0 else "completed",
        "user": _author(number),
        "assignee": people[0] if people else None,
        "assignees": people or (None if number % 2 else []),
        "milestone": _milestone() if number % 6 == 0 else None,
        "labels": ["bug", {"id": 55, "name": "größer", "color": "d73a4a", "default": False, "description": None}],
        "created_at": (FIRST - timedelta(days=number)).astimezone(VIENNA if number % 8 == 0 else UTC).isoformat(),
        "updated_at": _text(changed),
        "closed_at": None if number % 2 else _text(changed),
    }


def pull_request(number: int) -> dict[str, Any]:
    """Return a pull request, which looks much like an issue."""
    changed = _text(pulled(number))
    pulls = f"https://github.example/api/v3/pulls/{number}"
    return _item(10_000 + number, "pull") | {
        "id": 8_000_000_000 + number,
        "title": f"Mend {number}",
        "state": "open",
        "user": user("ada"),
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "labels": [],
        "created_at": changed,
        "updated_at": changed,
        "closed_at": None,
        "draft": False,
        "pull_request": dict.fromkeys(("url", "html_url", "diff_url", "patch_url"), pulls) | {"merged_at": None},
    }


def pulled(number: int) -> datetime:
    """When a pull request was last changed."""
    return FIRST + timedelta(hours=10, seconds=number)


def _item(number: int, kind: str) -> dict[str, Any]:
    api = f"https://github.example/api/v3/repos/{REPOSITORY}"
    own = f"{api}/issues/{number}"
    return {
        "node_id": f"I_{number}",
        "number": number,
        "url": own,
        "repository_url": api,
        "labels_url": f"{own}/labels{{/name}}",
        "comments_url": f"{own}/comments",
        "events_url": f"{own}/events",
        "html_url": f"https://github.example/{REPOSITORY}/{kind}/{number}",
        "locked": False,
        "comments": number % 4,
        "author_association": "MEMBER",
    }


def _author(number: int) -> dict[str, Any] | None:
    if number % 5 == 0:
        return None
    if number % 7 == 0:
        return user("ghost") if number % 2 else user("robot[bot]", "Bot")
    return user("zoë-größe" if number % 3 == 0 else "ada")


def _milestone() -> dict[str, Any]:
    web = f"https://github.example/{REPOSITORY}/milestone/1"
    times = dict.fromkeys(("created_at", "updated_at"), "2025-01-01T00:00:00Z")
    return times | {
        "id": 1,
        "number": 1,
        "title": "März",
        "state": "open",
        "html_url": web,
        "closed_at": None,
        "due_on": "2026-03-31T07:00:00Z",
    }


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


class Catalogue:
    """One repository, which had another name once, and one without issues."""

    def __init__(self, *, records: int, moves: bool, broken: int, surprises: bool, at_once: bool) -> None:
        self._records = records
        self._moves = moves
        self._broken = broken
        self._surprises = surprises
        self._at_once = at_once
        self._has_moved = False
        self._order = self._ordered()

    def key(self, request: Received) -> str:
        """The list is one, and the repository another."""
        match = ROUTE.fullmatch(request.path)
        return "list" if match and match["issues"] else request.path

    def reply(self, request: Received) -> Reply:
        """Answer as documented."""
        match = ROUTE.fullmatch(request.path)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.error(401)
        if "user-agent" not in request.headers:
            return self.error(403)
        name = (match["name"] or REPOSITORY).lower() if match else ""
        if match is None or name not in {REPOSITORY, OLD_REPOSITORY, SILENT_REPOSITORY}:
            return self.error(404)
        if name == OLD_REPOSITORY:
            return _moved(request, match["issues"] or "")
        return self._issues(request, name) if match["issues"] else Reply.of(_repository(name)).tagged(request)

    def error(self, status: int) -> Reply:
        """Return an error as GitHub words it."""
        message = MESSAGES.get(status, "Server Error")
        return Reply.of(
            {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}, status
        )

    def _issues(self, request: Received, name: str) -> Reply:
        query = request.query
        if name == SILENT_REPOSITORY:
            return self.error(410)
        if int(query.get("page", 1)) > HIGHEST_PAGE:
            return self.error(422)
        size = min(int(query.get("per_page", 30)), 100)
        start = int(query.get("after", (int(query.get("page", 1)) - 1) * size))
        wanted = self._wanted(query)
        page = [self._shaped(self._item(number)) for number in wanted[start : start + size]]
        reply = Reply.of(page)
        if start + size < len(wanted):
            if self._moves and not self._has_moved and wanted[start + size] > 0:
                self._has_moved = True
                self._order = self._ordered()
            reply = reply.with_headers(Link=_link(request, start + size, size))
        return reply.tagged(request)

    def _wanted(self, query: Mapping[str, str]) -> Sequence[int]:
        """The numbers of issues, and of pull requests below 1, in the order that was asked for."""
        if query.get("state") != "all" or query.get("sort") != "updated" or query.get("direction") != "asc":
            return self._wanted_otherwise(query)
        first = bisect_left(self._order, query.get("since", ""), key=self._updated)
        return self._order[first:]

    def _wanted_otherwise(self, query: Mapping[str, str]) -> list[int]:
        """However it is asked for."""
        state, since = query.get("state", "open"), query.get("since", "")
        by = {"updated": "updated_at", "created": "created_at"}[query.get("sort", "created")]
        items = [self._item(number) | {"place": number} for number in self._order]
        found = [item for item in items if state in {"all", item["state"]} and item["updated_at"] >= since]
        found.sort(key=lambda item: item[by], reverse=query.get("direction", "desc") == "desc")
        return [item["place"] for item in found]

    def _ordered(self) -> list[int]:
        pulls = () if self._at_once else range(1 - PULLS, 1)
        return sorted([*range(1, self._records + 1), *pulls], key=lambda number: (self._updated(number), number))

    def _item(self, number: int) -> dict[str, Any]:
        return issue(number, self._changed(number)) if number > 0 else pull_request(-number)

    def _updated(self, number: int) -> str:
        return _text(self._changed(number) if number > 0 else pulled(-number))

    def _changed(self, number: int) -> datetime:
        if number == 1 and self._has_moved:
            number = self._records + 1
        return FIRST + timedelta(hours=1 if self._at_once else number)

    def _shaped(self, item: dict[str, Any]) -> dict[str, Any]:
        if item["number"] == self._broken:
            return item | {"title": {"text": "secret"}}
        return item | {"surprise": {"new": True}} if self._surprises else item


def _moved(request: Received, issues: str) -> Reply:
    query = f"?{urlencode(request.pairs)}" if request.pairs else ""
    target = f"http://{request.headers['host']}{PATH}/repositories/1{issues}{query}"
    return Reply(301, b'{"message": "Moved Permanently"}').with_headers(Location=target)


def _link(request: Received, start: int, size: int) -> str:
    page = start // size + 1
    place = ("page", str(page)) if page <= HIGHEST_PAGE else ("after", str(start))
    kept = [(name, value) for name, value in request.pairs if name not in {"page", "after"}]
    address = f"http://{request.headers['host']}{PATH}/repositories/1/issues?"
    first, following = (f"<{address}{urlencode([*kept, each])}>" for each in (("page", "1"), place))
    return f'{first}; rel="first", {following}; rel="next"'


def _repository(name: str) -> dict[str, Any]:
    return {
        "id": 1,
        "node_id": "R_1",
        "name": name.partition("/")[2],
        "full_name": name,
        "owner": user("someone"),
        "private": True,
        "html_url": f"https://github.example/{name}",
        "description": None,
        "fork": False,
        "has_issues": name != SILENT_REPOSITORY,
        "archived": False,
    }


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
