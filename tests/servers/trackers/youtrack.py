"""A stand-in for YouTrack's REST API: https://www.jetbrains.com/help/youtrack/devportal/youtrack-rest-api.html."""

import re
from bisect import bisect_left
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.records import Person, TaskRecord
from tests.servers.trackers.changes import ORIGIN, Changes
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

KIND = ApiKind.YOUTRACK
TOKEN = "perm:YWRh.NDctMQ==.0123456789abcdefghij="
USERNAME = ""
PAGE = 100
PATH = "/youtrack/api"

NAME = "DEMO"
FOREIGN = "DEMO2"
"""The short name of another project that is called like ours."""

CREATED = datetime(2026, 1, 5, 8, tzinfo=UTC)
UPDATED = datetime(2026, 10, 24, 22, 0, 0, 123_000, tzinfo=UTC)
"""The clocks of the token's user are set back three hours later."""
ZONE = "Europe/Vienna"

DRAFT = 10**6
OTHERS = {DRAFT: UPDATED + timedelta(minutes=1), DRAFT + 1: UPDATED + timedelta(minutes=2)}
"""Issues that the query finds, too: a draft, and one of the other project."""

DEFAULT_TOP = 42

QUERY = re.compile(
    r"project: (?:\{(?P<braced>\w+)\}|(?P<bare>\w+))"
    r"(?: updated: (?P<since>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d) \.\. \*)?"
    r"(?: sort by: updated (?P<order>asc|desc))?"
)

ERRORS = {
    400: ("invalid_query", "Can't parse search query"),
    401: ("Unauthorized", "You are not logged in."),
    403: ("Forbidden", "You do not have permission to read the project."),
    404: ("Not Found", "Entity with id NOPE not found"),
}

USERS: dict[str, dict[str, Any]] = {
    "ada": {"$type": "User", "id": "1-2", "login": "ada", "fullName": "Ada L.", "email": "ada@example.com"},
    "zoe": {"$type": "User", "id": "1-3", "login": "zoë", "fullName": "Zoë Größe 🎬", "email": None},
}
PEOPLE = {
    "ada": Person("ada", "Ada L.", "ada@example.com", external_id="1-2"),
    "zoe": Person("zoë", "Zoë Größe 🎬", external_id="1-3"),
}


def issue(number: int, updated: datetime, project: str = NAME) -> dict[str, Any]:
    """Return an issue with all its fields."""
    everywhere = {
        "$type": "Issue",
        "id": f"2-{number}",
        "idReadable": f"{project}-{number}",
        "numberInProject": number,
        "summary": f"Print label {number}",
        "description": None,
        "created": milliseconds(CREATED + timedelta(hours=number)),
        "updated": milliseconds(updated),
        "resolved": None,
        "isDraft": False,
        "project": {"$type": "Project", "id": "0-7", "shortName": project, "name": "DEMO"},
        "reporter": USERS["ada"],
        "updater": USERS["zoe"],
        "commentsCount": 0,
        "tags": [{"$type": "Tag", "id": "6-1", "name": "später"}],
        "customFields": [
            *custom_fields(number),
            field("Simple", "Story points", 5),
            field("Simple", "Customer", "ACME"),
            field("Date", "Due Date", 1_772_366_400_000),
            field("MultiVersion", "Fix versions", []),
            field("Text", "Notes", {"$type": "TextFieldValue", "id": "t", "text": "…"}),
            field("Unheardof", "Shape", {"$type": "Unheardof", "id": "u", "name": "round"}),
            field("MultiGroup", "Teams", [{"$type": "UserGroup", "id": "3-1", "name": "Owls"}]),
        ],
    }
    return everywhere | variant(number)


def variant(number: int) -> dict[str, Any]:
    """Return what differs besides the custom fields."""
    return (
        {},
        {
            "summary": " Größe der Étiketten 🏷️",
            "description": "Line one\nline\0 two",
            "resolved": milliseconds(CREATED + timedelta(days=30)),
            "reporter": None,
        },
        {"summary": None, "description": "", "reporter": USERS["zoe"]},
    )[number % 3]


def custom_fields(number: int) -> list[dict[str, Any]]:
    """Return those that say something about the work."""
    ada, zoe = USERS["ada"], USERS["zoe"]
    if number % 3 == 0:
        return [
            field("SingleEnum", "Priority", named("Normal")),
            field("State", "State", named("In Arbeit") | {"isResolved": False}),
            field("SingleUser", "Assignee", ada),
            field("Period", "Estimation", period(480)),
            field("Period", "Schätzung", period(200)),
            field("Period", "Spent time", period(60)),
            field("MultiUser", "Reviewers", [zoe, ada]),
        ]
    if number % 3 == 1:
        return [
            field("StateMachine", "State", named("Fixed") | {"isResolved": True}),
            field("SingleUser", "Assignee", None),
            field("Period", "Estimation", None),
            field("Period", "Schätzung", None),
            field("MultiUser", "Reviewers", []),
        ]
    return [field("MultiUser", "Assignee", [zoe, ada]), field("Period", "Schätzung", period(7))]


def field(kind: str, name: str, value: Any) -> dict[str, Any]:
    """Return a custom field."""
    return {"$type": f"{kind}IssueCustomField", "id": f"92-{len(name)}", "name": name, "value": value}


def named(name: str) -> dict[str, Any]:
    """Return a value of a bundle."""
    return {"$type": "StateBundleElement", "id": "69-1", "name": name}


def period(minutes: int) -> dict[str, Any]:
    """Return a span of time, whose presentation takes a day for ten hours."""
    return {"$type": "PeriodValue", "id": f"PT{minutes}M", "minutes": minutes, "presentation": "1d"}


def expected(number: int) -> TaskRecord:
    """Return the record that an issue is, read without fields of one's own for assignees."""
    ada, zoe = PEOPLE["ada"], PEOPLE["zoe"]
    differing: dict[str, Any] = (
        {
            "title": f"Print label {number}",
            "state": "In Arbeit",
            "author": ada,
            "assignees": (ada,),
            "estimate": Decimal("3.33"),
        },
        {
            "title": "Größe der Étiketten 🏷️",
            "description": "Line one\nline two",
            "state": "Fixed",
            "closed_at": datetime(2026, 2, 4, 8, tzinfo=UTC),
        },
        {"title": "", "author": zoe, "assignees": (zoe, ada), "estimate": Decimal("0.12")},
    )[number % 3]
    return TaskRecord(
        external_id=f"2-{number}",
        code=f"DEMO-{number}",
        url=f"{ORIGIN}/youtrack/issue/DEMO-{number}",
        created_at=CREATED + timedelta(hours=number),
        updated_at=updated_at(number),
        **differing,
    )


def updated_at(number: int) -> datetime:
    """Return when an issue was changed: three at a time, also where a page ends."""
    return UPDATED + timedelta(minutes=number // 3)


def milliseconds(time: datetime) -> int:
    """Return a time as YouTrack writes it."""
    return round(time.timestamp() * 1000)


class Catalogue:
    """One project, found in any case, and another one of nearly the same name; a draft in between."""

    def __init__(  # noqa: PLR0913 - each is something that may be otherwise
        self,
        *,
        records: int,
        moves: bool = False,
        vanishes: bool = False,
        at_once: bool = False,
        broken: int = 0,
        surprises: bool = True,
    ) -> None:
        numbers = range(1, records + 1)
        times = {number: UPDATED if at_once else updated_at(number) for number in numbers}
        self._changes = Changes(times, moves=moves, vanishes=vanishes)
        self._broken = f"2-{broken}"
        self._surprises = surprises
        self._sorted: list[tuple[int, int]] = []
        self._sorted_version = -1

    def key(self, request: Received) -> str:
        """A request's key is the last part of its path."""
        return request.path.rpartition("/")[2]

    def reply(self, request: Received) -> Reply:
        """Answer as documented, the test token provided."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.error(401)
        one: dict[str, dict[str, Any]] = {
            f"{PATH}/users/me": me(),
            f"{PATH}/admin/projects/{NAME}": project(),
            f"{PATH}/admin/projects/{NAME}/timeTrackingSettings": time_tracking(),
        }
        if request.path == f"{PATH}/issues":
            return self._issues(request)
        path = re.sub(f"/projects/{NAME}(?=/|$)", f"/projects/{NAME}", request.path, flags=re.IGNORECASE)
        if path in one:
            return Reply.of(projected(one[path], tree(request.query.get("fields", ""))))
        return self.error(404)

    def error(self, status: int) -> Reply:
        """Return an error as YouTrack words it."""
        name, description = ERRORS.get(status, ("Error", "Something went wrong"))
        return Reply.of({"error": name, "error_description": description}, status)

    def _issues(self, request: Received) -> Reply:
        match = QUERY.fullmatch(request.query.get("query", ""))
        if match is None or (match["braced"] or match["bare"]).upper() != NAME:
            return self.error(400)
        skip, top = int(request.query.get("$skip", "0")), int(request.query.get("$top", str(DEFAULT_TOP)))
        times = self._times()
        found = times[bisect_left(times, (since(match["since"]), 0)) :]
        if match["order"] != "asc":
            found.reverse()
        page = [self._issue(number) for _, number in found[skip : skip + top]]
        self._changes.page_was_sent()
        wanted = tree(request.query.get("fields", ""))
        return Reply.of([self._shaped(projected(each, wanted)) for each in page])

    def _times(self) -> list[tuple[int, int]]:
        if self._sorted_version != self._changes.version:
            times = {number: self._changes.time(number) for number in self._changes.numbers()}
            self._sorted = sorted((milliseconds(time), number) for number, time in (times | OTHERS).items())
            self._sorted_version = self._changes.version
        return self._sorted

    def _issue(self, number: int) -> dict[str, Any]:
        if number in OTHERS:
            return issue(number, OTHERS[number], NAME if number == DRAFT else FOREIGN) | {"isDraft": number == DRAFT}
        return issue(number, self._changes.time(number))

    def _shaped(self, each: dict[str, Any]) -> dict[str, Any]:
        if each["id"] == self._broken:
            return each | {"summary": {"text": "secret"}}
        return each | ({"surprise": {"new": [True]}} if self._surprises else {})


def since(literal: str | None) -> int:
    """Return the milliseconds of a time on the clock of the token's user; when that is told twice, the later one."""
    if literal is None:
        return 0
    return milliseconds(datetime.fromisoformat(literal).replace(tzinfo=ZoneInfo(ZONE), fold=1))


def me() -> dict[str, Any]:
    """Return the token's user."""
    zone = {"$type": "TimeZoneDescriptor", "id": ZONE}
    profiles = {"$type": "UserProfiles", "general": {"$type": "GeneralUserProfile", "timezone": zone}}
    return {**USERS["ada"], "profiles": profiles}


def project() -> dict[str, Any]:
    """Return the project itself."""
    return {"$type": "Project", "id": "0-7", "name": "A demo", "shortName": NAME, "archived": False}


def time_tracking() -> dict[str, Any]:
    """Return which fields hold hours."""
    named_field = {"$type": "CustomField", "id": "58-1", "name": "Schätzung"}
    estimate = {"$type": "PeriodProjectCustomField", "id": "93-1", "field": named_field}
    return {"$type": "ProjectTimeTrackingSettings", "id": "1", "enabled": True, "estimate": estimate, "timeSpent": None}


Tree = dict[str, "Tree"]


def tree(fields: str) -> Tree:
    """Return the names in `a,b(c,d)` with those inside them."""
    root: Tree = {}
    inside = [root]
    for name, mark in re.findall(r"([$\w]*)\s*([,()]?)", fields):
        if name:
            child = inside[-1].setdefault(name, {})
        if mark == "(":
            inside.append(child)
        elif mark == ")":
            inside.pop()
    return root


def projected(value: Any, wanted: Tree) -> Any:
    """Return what was asked for; of an object of which nothing was asked for, its id."""
    if isinstance(value, list):
        return [projected(each, wanted) for each in value]
    if not isinstance(value, dict):
        return value
    names = {*(wanted or {"id": {}}), "$type"}
    return {name: projected(each, wanted.get(name, {})) for name, each in value.items() if name in names}


def location(origin: str) -> str:
    """Return what a user copies: the page of a new issue, on a server that is below a path."""
    return f"{origin}/youtrack/newIssue?project={NAME}&draftId=1-23"


def server(
    *, records: int = 250, delay: float = 0.0, limit: int | None = None, **options: Any
) -> AbstractContextManager[Server]:
    """Run a stand-in.

    Args:
        records: the number of issues.
        delay: seconds an answer takes.
        limit: requests in any second.
        options: `moves` or `vanishes`: after each of the first pages, the issue that was not changed for longest is
            changed, or deleted; `at_once`: all were changed in the same moment; `broken`: the number of the issue that
            has a shape which nobody understands; `surprises`: there are fields which the documentation does not know.
    """
    return running("tests.servers.trackers.youtrack", path=PATH, delay=delay, limit=limit, records=records, **options)


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
