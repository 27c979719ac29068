"""A stand-in for GitLab's REST API, version 4: https://docs.gitlab.com/api/issues/."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import Person, TaskRecord
from tests.servers.trackers.changes import Changes
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

KIND = ApiKind.GITLAB
TOKEN = "glpat-0123456789_abcdefghi"
USERNAME = ""
PAGE = 100
PATH = "/api/v4"

NAME = "group/sub/project"
PROJECT = f"{PATH}/projects/group%2Fsub%2Fproject"

CREATED = datetime(2026, 1, 5, 8, tzinfo=UTC)
UPDATED = datetime(2026, 2, 10, 17, 45, 3, 7_000, tzinfo=UTC)

MAX_PER_PAGE = 100

ERRORS: dict[int, Any] = {
    400: {"error": "updated_after is invalid"},
    401: {"message": "401 Unauthorized"},
    403: {
        "error": "insufficient_scope",
        "error_description": "The request requires higher privileges than provided by the access token.",
        "scope": "api read_api",
    },
    404: {"message": "404 Project Not Found"},
    422: {"message": {"title": ["can't be blank"]}},
}

USERS: dict[str, dict[str, Any]] = {
    "ada": {"id": 3, "username": "ada", "name": "Ada L.", "state": "active", "web_url": "https://gitlab.com/ada"},
    "zoe": {"id": 2**40, "username": "zoë.größe", "name": "Zoë Größe 🎬", "avatar_url": None},
}
PEOPLE = {
    "ada": Person("ada", "Ada L.", external_id="3"),
    "zoe": Person("zoë.größe", "Zoë Größe 🎬", external_id="1099511627776"),
}

VARIANTS = 4


def issue(number: int, updated: datetime) -> dict[str, Any]:
    """Return an issue; four kinds of them take turns."""
    everywhere = {
        "id": 2**40 + number,
        "iid": number,
        "project_id": 77,
        "type": "ISSUE",
        "issue_type": "issue",
        "created_at": text(CREATED + timedelta(hours=number)),
        "updated_at": text(updated),
        "web_url": f"https://gitlab.example.com/{NAME}/-/issues/{number}",
        "user_notes_count": number % 7,
        "confidential": False,
        "references": {"short": f"#{number}", "relative": f"#{number}", "full": f"{NAME}#{number}"},
        "task_completion_status": {"count": 0, "completed_count": 0},
        "_links": {"self": "https://gitlab.example.com/"},
    }
    return everywhere | variant(number)


def variant(number: int) -> dict[str, Any]:
    """Return what differs."""
    ada, zoe = USERS["ada"], USERS["zoe"]
    return (
        {
            "title": f"Import stops at {number} rows",
            "description": None,
            "state": "opened",
            "closed_at": None,
            "labels": ["bug"],
            "milestone": None,
            "assignees": [],
            "assignee": None,
            "author": ada,
            "due_date": "2026-03-31",
            "discussion_locked": None,
            "time_stats": {"time_estimate": 14_400, "total_time_spent": 0, "human_time_estimate": "4h"},
            "weight": None,
        },
        {
            "title": "  Größe der Étiketten 🏷️ ",
            "description": "Line one\r\nline\0 two",
            "state": "closed",
            "closed_at": "2026-02-20T01:30:00.250+02:00",
            "closed_by": zoe,
            "labels": [],
            "assignees": [zoe, ada],
            "assignee": zoe,
            "author": zoe,
            "due_date": None,
            "time_stats": {"time_estimate": 100, "total_time_spent": 60},
        },
        {
            "title": "A task of an issue",
            "issue_type": "task",
            "type": "TASK",
            "description": "",
            "state": "opened",
            "closed_at": None,
            "assignees": [ada],
            "time_stats": {"time_estimate": 0, "total_time_spent": 0},
            "epic": None,
        },
        {
            "title": "Moved away",
            "description": "* one\n* two",
            "state": "closed",
            "closed_at": "2026-02-21T10:00:00Z",
            "author": ada,
            "moved_to_id": 12,
            "due_date": None,
            "time_stats": {"time_estimate": 5_400, "total_time_spent": 0},
        },
    )[number % VARIANTS]


def expected(number: int) -> TaskRecord:
    """Return the record that an issue is."""
    ada, zoe = PEOPLE["ada"], PEOPLE["zoe"]
    differing: dict[str, Any] = (
        {
            "title": f"Import stops at {number} rows",
            "state": "opened",
            "due_on": date(2026, 3, 31),
            "estimate": Decimal("4.00"),
            "author": ada,
        },
        {
            "title": "Größe der Étiketten 🏷️",
            "description": "Line one\r\nline two",
            "state": "closed",
            "closed_at": datetime(2026, 2, 19, 23, 30, 0, 250_000, tzinfo=UTC),
            "estimate": Decimal("0.03"),
            "author": zoe,
            "assignees": (zoe, ada),
        },
        {"title": "A task of an issue", "state": "opened", "assignees": (ada,)},
        {
            "title": "Moved away",
            "description": "* one\n* two",
            "state": "moved",
            "closed_at": datetime(2026, 2, 21, 10, tzinfo=UTC),
            "moved_to": "12",
            "author": ada,
        },
    )[number % VARIANTS]
    return TaskRecord(
        external_id=str(1_099_511_627_776 + number),
        code=f"#{number}",
        url=f"https://gitlab.example.com/group/sub/project/-/issues/{number}",
        created_at=CREATED + timedelta(hours=number),
        updated_at=updated_at(number),
        **differing,
    )


def merge_request(number: int, updated: datetime) -> dict[str, Any]:
    """Return a merge request: open, merged, closed and opened again in turns. Ids are those of issues, too."""
    state, merged, closed = (
        ("opened", None, None),
        ("merged", "2026-03-01T09:30:00.000Z", None),
        ("closed", None, "2026-03-02T09:30:00.000Z"),
        ("opened", None, "2026-03-02T09:30:00.000Z"),
    )[number % VARIANTS]
    return {
        "id": 2**40 + number,
        "iid": number,
        "project_id": 77,
        "title": f"Draft: Import {number}",
        "description": "",
        "state": state,
        "created_at": text(CREATED + timedelta(hours=number)),
        "updated_at": text(updated),
        "merged_at": merged,
        "closed_at": closed,
        "author": USERS["ada"],
        "assignees": [USERS["zoe"]],
        "reviewers": [USERS["ada"]],
        "source_branch": "import",
        "target_branch": "main",
        "web_url": f"https://gitlab.example.com/{NAME}/-/merge_requests/{number}",
        "references": {"short": f"!{number}", "relative": f"!{number}", "full": f"{NAME}!{number}"},
        "time_stats": {"time_estimate": 7_200, "total_time_spent": 0},
    }


def expected_merge_request(number: int) -> TaskRecord:
    """Return the record that a merge request is."""
    state, closed_at = (
        ("opened", None),
        ("merged", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("closed", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("opened", None),
    )[number % VARIANTS]
    return TaskRecord(
        external_id=f"MergeRequest/{2**40 + number}",
        code=f"!{number}",
        title=f"Draft: Import {number}",
        url=f"https://gitlab.example.com/group/sub/project/-/merge_requests/{number}",
        state=state,
        created_at=CREATED + timedelta(hours=number),
        updated_at=updated_at(number),
        closed_at=closed_at,
        estimate=Decimal("2.00"),
        author=PEOPLE["ada"],
        assignees=(PEOPLE["zoe"],),
    )


def updated_at(number: int) -> datetime:
    """Return when an issue was changed: three at a time, also where a page ends."""
    return UPDATED + timedelta(minutes=number // 3)


def text(time: datetime) -> str:
    """Return a time in milliseconds, as a server in another zone writes it now and then."""
    zone = timezone(timedelta(hours=-3, minutes=-30)) if time.minute % 2 else UTC
    return time.astimezone(zone).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Catalogue:
    """One project that the token may see."""

    def __init__(  # noqa: PLR0913 - each is something that may be otherwise
        self,
        *,
        records: int,
        merge_requests: int = 0,
        moves: bool = False,
        vanishes: bool = False,
        at_once: bool = False,
        broken: int = 0,
        surprises: bool = True,
    ) -> None:
        issues, requests = (
            {number: UPDATED if at_once else updated_at(number) for number in range(1, count + 1)}
            for count in (records, merge_requests)
        )
        self._issues = Changes(issues, moves=moves, vanishes=vanishes)
        self._merge_requests = Changes(requests, moves=moves, vanishes=vanishes)
        self._broken = broken
        self._surprises = surprises

    def key(self, request: Received) -> str:
        """A request's key is the last part of its path."""
        return request.path.rpartition("/")[2]

    def reply(self, request: Received) -> Reply:
        """Answer as documented, the test token provided."""
        headers = request.headers
        if TOKEN not in (headers.get("private-token"), headers.get("authorization", "").removeprefix("Bearer ")):
            return self.error(401)
        if request.path == f"{PATH}/user":
            return Reply.of(USERS["ada"])
        if request.path == PROJECT:
            return Reply.of(project())
        if request.path == f"{PROJECT}/issues":
            return self._listed(request, self._issues, issue)
        if request.path == f"{PROJECT}/merge_requests":
            return self._listed(request, self._merge_requests, merge_request)
        return self.error(404)

    def error(self, status: int) -> Reply:
        """Return an error; being too fast is told in plain text."""
        if status == 429:
            headers = {"Content-Type": "text/plain", "RateLimit-Limit": "60", "RateLimit-Remaining": "0"}
            return Reply(429, b"Retry later\n", headers)
        return Reply.of(ERRORS.get(status, {"message": f"{status} Error"}), status)

    def _listed(self, request: Received, changes: Changes, make: Callable[[int, datetime], dict[str, Any]]) -> Reply:
        query = request.query
        try:
            after = datetime.fromisoformat(query.get("updated_after", "0001-01-01T00:00:00Z"))
            page, size = int(query.get("page", "1")), min(int(query.get("per_page", "20")), MAX_PER_PAGE)
        except ValueError:
            return self.error(400)
        found = [number for number in changes.numbers() if changes.time(number) >= after]
        if query.get("order_by", "created_at") == "created_at":
            found.sort()
        if query.get("sort", "desc") == "desc":
            found.reverse()
        on_page = found[(page - 1) * size : page * size]
        items = [self._shaped(number, make(number, changes.time(number))) for number in on_page]
        changes.page_was_sent()
        return Reply.of(items).with_headers(**paging(request, page, size, is_last=len(found) <= page * size))

    def _shaped(self, number: int, known: dict[str, Any]) -> dict[str, Any]:
        if number == self._broken:
            return known | {"title": {"text": "secret"}}
        return known | ({"surprise": {"new": [True]}} if self._surprises else {})


def paging(request: Received, page: int, size: int, *, is_last: bool) -> dict[str, str]:
    """Return the headers of a page, without the totals: large projects have none."""
    address = f"http://{request.headers['host']}{request.path}?"
    next_page = urlencode({**request.query, "page": page + 1})
    first_page = urlencode({**request.query, "page": 1})
    links = [f'<{address}{first_page}>; rel="first"']
    return {
        "x-page": str(page),
        "x-per-page": str(size),
        "x-next-page": "" if is_last else str(page + 1),
        "x-prev-page": str(page - 1) if page > 1 else "",
        "Link": ", ".join(links if is_last else [f'<{address}{next_page}>; rel="next"', *links]),
    }


def project() -> dict[str, Any]:
    """Return the project itself."""
    return {
        "id": 77,
        "name": "Projekt",
        "name_with_namespace": "Group / Sub / Projekt",
        "path": "project",
        "path_with_namespace": NAME,
        "web_url": f"https://gitlab.example.com/{NAME}",
        "issues_enabled": True,
        "archived": False,
    }


def location(origin: str) -> str:
    """Return what a user copies: any page of the project."""
    return f"{origin}/{NAME}/-/issues?sort=created_date"


def server(
    *, records: int = 250, delay: float = 0.0, limit: int | None = None, **options: Any
) -> AbstractContextManager[Server]:
    """Run a stand-in.

    Args:
        records: the number of issues.
        delay: seconds an answer takes.
        limit: requests in any second.
        options: `merge_requests`: their number; `moves` or `vanishes`: after each of the first pages, what was not
            changed for longest is changed, or deleted; `at_once`: all were changed in the same moment; `broken`: the
            number of the issue that has a shape which nobody understands; `surprises`: there are fields which the
            documentation does not know.
    """
    return running("tests.servers.trackers.gitlab", path=PATH, delay=delay, limit=limit, records=records, **options)


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
