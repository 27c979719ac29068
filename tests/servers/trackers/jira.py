"""A stand-in for Jira Cloud's REST API, version 3: https://developer.atlassian.com/cloud/jira/platform/rest/v3/."""

import json
import re
from base64 import b64decode, b64encode
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import Person, TaskRecord
from tests.servers.trackers.changes import ORIGIN, Changes
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

KIND = ApiKind.JIRA
TOKEN = "ATATT3xFfGF0123456789_-=ABCDEF"
USERNAME = "ada@example.com"
PAGE = 100
PATH = "/rest/api/3"

NAME = "DEMO"
CLOUD_ID = "11111111-2222-3333-4444-555555555555"
GATEWAY = f"/ex/jira/{CLOUD_ID}"

CREATED = datetime(2026, 1, 5, 8, tzinfo=UTC)
UPDATED = datetime(2026, 2, 10, 17, 45, 3, 482_000, tzinfo=UTC)
VIENNA_IN_WINTER = timezone(timedelta(hours=1))

DEFAULT_PAGE = 50
MAX_PER_PAGE = 100

JQL = re.compile(
    r'project = "(?P<project>\w+)"(?: AND updated >= (?P<since>\d+))?(?P<order> ORDER BY updated ASC, key ASC)?'
)

ERRORS: dict[int, Any] = {
    401: {"message": "Client must be authenticated to access this resource.", "status-code": 401},
    404: {"errorMessages": ["No project could be found with key 'NOPE'."], "errors": {}},
    410: {"errorMessages": ["The requested API has been removed."], "errors": {}},
}

USERS: dict[str, dict[str, Any]] = {
    "ada": {"accountId": "5b10ac8d82e05b22cc7d4ef5", "displayName": "Ada L.", "active": True},
    "zoe": {
        "accountId": "712020:0f3b-größe",
        "displayName": "Zoë Größe 🎬",
        "emailAddress": "zoe@example.com",
        "active": False,
        "timeZone": "Asia/Kathmandu",
    },
}
PEOPLE = {
    "ada": Person("5b10ac8d82e05b22cc7d4ef5", "Ada L.", external_id="5b10ac8d82e05b22cc7d4ef5"),
    "zoe": Person("712020:0f3b-größe", "Zoë Größe 🎬", "zoe@example.com", external_id="712020:0f3b-größe"),
}

PROJECT = {"id": "10000", "key": NAME, "name": "A demo", "archived": False}


def node(kind: str, *content: Any, **fields: Any) -> dict[str, Any]:
    """Return a part of a document."""
    return {"type": kind, **({"content": list(content)} if content else {}), **fields}


def words(text: str) -> dict[str, Any]:
    """Return text of a document."""
    return node("text", text=text, marks=[{"type": "strong"}])


DOCUMENT = node(
    "doc",
    node("heading", words("Größe"), attrs={"level": 2}),
    node(
        "paragraph",
        words("Ask "),
        node("mention", attrs={"id": "5b10", "text": "@Ada"}),
        words(" 🎬"),
        node("hardBreak"),
        words("then print."),
    ),
    node(
        "bulletList",
        node("listItem", node("paragraph", words("small"))),
        node("listItem", node("paragraph", words("large\0"))),
    ),
    node("codeBlock", words("a = 1\nb = 2"), attrs={"language": "python"}),
    node("hologram", node("paragraph", words("from the future"))),
    version=1,
)
DOCUMENT_TEXT = "Größe\nAsk @Ada 🎬\nthen print.\nsmall\nlarge\na = 1\nb = 2\nfrom the future"


def issue(number: int, updated: datetime) -> dict[str, Any]:
    """Return an issue with all its fields."""
    fields = {
        "summary": f"Print label {number}",
        "description": None,
        "status": status("In Arbeit", "indeterminate"),
        "issuetype": {"id": "10001", "name": "Task", "subtask": False, "hierarchyLevel": 0},
        "assignee": None,
        "reporter": USERS["ada"],
        "created": text(CREATED + timedelta(hours=number)),
        "updated": text(updated),
        "resolutiondate": None,
        "duedate": None,
        "timetracking": {},
        "timeoriginalestimate": None,
        "customfield_10016": 3.0,
    }
    return {
        "id": str(10_000 + number),
        "key": f"{NAME}-{number}",
        "self": f"https://example.atlassian.net/rest/api/3/issue/{10_000 + number}",
        "fields": fields | variant(number, updated),
    }


def variant(number: int, updated: datetime) -> dict[str, Any]:
    """Return what differs."""
    seconds = {"originalEstimate": "4h", "originalEstimateSeconds": 14_400, "remainingEstimateSeconds": 60}
    return (
        {"timetracking": seconds, "assignee": USERS["zoe"], "duedate": "2026-03-31"},
        {
            "summary": " Größe der Étiketten 🏷️ ",
            "description": DOCUMENT,
            "status": status("Erledigt", "done"),
            "resolutiondate": text(updated - timedelta(days=1)),
            "timeoriginalestimate": 100,
        },
        {"status": status("Abgelehnt", "done"), "reporter": None, "assignee": USERS["ada"], "timetracking": None},
    )[number % 3]


def status(name: str, category: str) -> dict[str, Any]:
    """Return a status of one of the three categories, which alone are never translated."""
    return {"id": "3", "name": name, "statusCategory": {"id": 4, "key": category, "name": "Übersetzt"}}


def expected(number: int) -> TaskRecord:
    """Return the record that an issue is."""
    ada, zoe = PEOPLE["ada"], PEOPLE["zoe"]
    differing: dict[str, Any] = (
        {
            "title": f"Print label {number}",
            "state": "In Arbeit",
            "due_on": date(2026, 3, 31),
            "author": ada,
            "assignees": (zoe,),
            "estimate": Decimal("4.00"),
        },
        {
            "title": "Größe der Étiketten 🏷️",
            "description": DOCUMENT_TEXT,
            "state": "Erledigt",
            "closed_at": updated_at(number) - timedelta(days=1),
            "author": ada,
            "estimate": Decimal("0.03"),
        },
        {
            "title": f"Print label {number}",
            "state": "Abgelehnt",
            "closed_at": updated_at(number),
            "assignees": (ada,),
        },
    )[number % 3]
    return TaskRecord(
        external_id=f"{10_000 + number}",
        code=f"DEMO-{number}",
        url=f"{ORIGIN}/browse/DEMO-{number}",
        created_at=CREATED + timedelta(hours=number),
        updated_at=updated_at(number),
        **differing,
    )


def updated_at(number: int) -> datetime:
    """Return when an issue was changed: three at a time, also where a page ends."""
    return UPDATED + timedelta(minutes=number // 3)


def text(time: datetime) -> str:
    """Return a time on the clock of the token's user, as Jira writes it."""
    return time.astimezone(VIENNA_IN_WINTER).isoformat(timespec="milliseconds")[:-6] + "+0100"


class Catalogue:
    """One project. A page begins behind the last issue of the one before, whatever happened meanwhile."""

    def __init__(  # noqa: PLR0913 - each is something that may be otherwise
        self,
        *,
        records: int,
        moves: bool = False,
        vanishes: bool = False,
        broken: int = 0,
        surprises: bool = True,
        repeats: bool = False,
        hollow: bool = False,
        scoped: bool = False,
    ) -> None:
        self._changes = Changes(
            {number: updated_at(number) for number in range(1, records + 1)}, moves=moves, vanishes=vanishes
        )
        self._broken = broken
        self._surprises = surprises
        self._repeats = repeats
        self._hollow = hollow
        self._scoped = scoped

    def key(self, request: Received) -> str:
        """A request's key is the last part of its path."""
        return request.path.rpartition("/")[2]

    def reply(self, request: Received) -> Reply:
        """Answer as documented, the test token provided: a search with a wrong one just finds nothing."""
        if request.path == "/_edge/tenant_info":
            # Whoever sends a token is judged by it, though nobody has to.
            return self.error(401) if "authorization" in request.headers else Reply.of({"cloudId": CLOUD_ID})
        credentials = b64encode(f"{USERNAME}:{TOKEN}".encode()).decode()
        is_known = request.headers.get("authorization") == f"Basic {credentials}"
        path = request.path.removeprefix((GATEWAY if self._scoped else "") + PATH)
        if path == "/search/jql":
            return self._search(json.loads(request.body)) if is_known else anonymous()
        if not is_known or request.path == path:
            return self.error(401)
        answers: dict[str, Any] = {
            "/myself": USERS["zoe"],
            f"/project/{NAME}": PROJECT,
        }
        return Reply.of(answers[path]) if path in answers else self.error(410 if path == "/search" else 404)

    def error(self, status: int) -> Reply:
        """Return an error."""
        return Reply.of(ERRORS.get(status, {"errorMessages": ["Something went wrong"], "errors": {}}), status)

    def _search(self, body: dict[str, Any]) -> Reply:
        match = JQL.fullmatch(body["jql"])
        if match is None or match["project"] != NAME:
            message = "The value 'NOPE' does not exist for the field 'project'."
            return Reply.of({"errorMessages": [message], "errors": {}}, 400)
        size = min(body.get("maxResults", DEFAULT_PAGE), MAX_PER_PAGE)
        found = self._found(int(match["since"] or 0), behind(body.get("nextPageToken")))
        if self._hollow and "nextPageToken" not in body:
            return Reply.of({"issues": [], "nextPageToken": token(datetime(1, 1, 1, tzinfo=UTC), 0)})
        page = found[:size]
        issues = [self._issue(number, body.get("fields", ["id"])) for number in page]
        answer: dict[str, Any] = {"issues": issues}
        if len(found) > size:
            last = body["nextPageToken"] if self._repeats and "nextPageToken" in body else self._token(page[-1])
            answer |= {"nextPageToken": last, "isLast": False}
        self._changes.page_was_sent()
        return Reply.of(answer)

    def _issue(self, number: int, fields: list[str]) -> dict[str, Any]:
        known = chosen(issue(number, self._changes.time(number)), fields)
        if number == self._broken:
            return known | {"key": {"text": "secret"}}
        return known | ({"surprise": {"new": [True]}} if self._surprises else {})

    def _found(self, since: int, after: tuple[datetime, int]) -> list[int]:
        times = ((self._changes.time(number), number) for number in self._changes.numbers())
        return [number for time, number in times if time.timestamp() * 1000 >= since and (time, number) > after]

    def _token(self, number: int) -> str:
        return token(self._changes.time(number), number)


def anonymous() -> Reply:
    """Return what somebody finds whose token is wrong."""
    return Reply.of({"issues": [], "isLast": True}).with_headers(x_seraph_loginreason="AUTHENTICATED_FAILED")


def token(time: datetime, number: int) -> str:
    """Return where the next page begins."""
    return b64encode(f"{time.isoformat()} {number}".encode()).decode()


def behind(token: str | None) -> tuple[datetime, int]:
    """Return what a token means."""
    time, _, number = b64decode(token or "").decode().partition(" ")
    return (datetime.fromisoformat(time), int(number)) if token else (datetime(1, 1, 1, tzinfo=UTC), 0)


def chosen(each: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    """Return the issue with these fields; only its id when it has to have no other."""
    if fields == ["id"]:
        return {"id": each["id"]}
    return each | {"fields": {name: value for name, value in each["fields"].items() if name in fields}}


def location(origin: str) -> str:
    """Return what a user copies: the board of the project."""
    return f"{origin}/jira/software/projects/{NAME}/boards/1"


def server(
    *, records: int = 250, delay: float = 0.0, limit: int | None = None, **options: Any
) -> AbstractContextManager[Server]:
    """Run a stand-in.

    Args:
        records: the number of issues.
        delay: seconds an answer takes.
        limit: requests in any second.
        options: `moves` or `vanishes`: after each of the first pages, the issue that was not changed for longest is
            changed, or deleted; `broken`: the number of the issue that has a shape which nobody understands;
            `surprises`: there are fields which the documentation does not know; `repeats`: a page's token is that of
            the one before; `hollow`: the first page has no issues, and there are more; `scoped`: only the gateway takes
            the token.
    """
    return running("tests.servers.trackers.jira", path=PATH, delay=delay, limit=limit, records=records, **options)


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
