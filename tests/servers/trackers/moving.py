"""A stand-in for four trackers of tasks and one of hours, whose records move from project to project between phases.

Each phase is all that there is: records as `record` makes them. `GET /phase/N` begins one. Records are so few that they
are on one page.
"""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from backend.tracking.kernel.kinds import ApiKind
from tests.servers.trackers import github
from upkeep.testing.servers.catalogue import Received, Reply
from upkeep.testing.servers.process import Server, running

TOKEN = "t0ken-of-all"
USERNAME = "ada@example.com"
FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
OWNER = "owls"
HIDDEN = "z"
"""The project that the token may not see."""

Record = dict[str, Any]
Phase = list[Record]


def record(number: int, project: str, *, id: int = 0, minute: int = 0, **fields: Any) -> Record:  # noqa: A002 - as it is called
    """Return a record.

    Args:
        number: within its project.
        project: a letter.
        id: of all projects; the number, if there is no other.
        minute: when it was last changed.
        fields: `moved_to`: the id under which it goes on; `gone`: how it is missing.
    """
    return {"id": id or number, "number": number, "project": project, "minute": minute, **fields}


def location(kind: ApiKind, origin: str, project: str) -> str:
    """Return what a user copies."""
    key = project.upper()
    return {
        ApiKind.GITHUB: f"{origin}/{OWNER}/{project}.git",
        ApiKind.GITLAB: f"{origin}/{OWNER}/{project}.git",
        ApiKind.JIRA: f"{origin}/jira/software/projects/{key * 2}/boards/1",
        ApiKind.YOUTRACK: f"{origin}/yt/newIssue?project={key}",
        ApiKind.KIMAI: f"{origin}/en/admin/project/{ord(project)}/details",
    }[kind]


def code(kind: ApiKind, number: int, project: str) -> str:
    """Return what people call a task."""
    if kind in {ApiKind.GITHUB, ApiKind.GITLAB}:
        return f"#{number}"
    return f"{project.upper() * (2 if kind is ApiKind.JIRA else 1)}-{number}"


def time(minute: int) -> datetime:
    """Return when something was changed."""
    return FIRST + timedelta(minutes=minute)


class Catalogue:
    """All of them, each below a path of its own."""

    def __init__(self, *, phases: list[Phase]) -> None:
        self._phases = phases
        self._phase = 0
        self._routes: list[tuple[str, Callable[..., Reply]]] = [
            (r"/phase/(?P<number>\d+)", self._begin),
            (r"/api/v3/repos/owls/(?P<project>\w)", lambda project: Reply.of({"full_name": f"{OWNER}/{project}"})),
            (r"/api/v3/repos/owls/(?P<project>\w)/issues", self._github),
            (r"/api/v3/(?:repos/owls|repositories)/(?P<project>\w)/issues/(?P<number>\d+)", self._one_of_github),
            (r"/api/v4/projects/owls/(?P<project>\w)", lambda project: Reply.of(_project_of_gitlab(project))),
            (r"/api/v4/projects/owls/(?P<project>\w)/issues", self._gitlab),
            (r"/api/v4/projects/owls/(?P<project>\w)/issues/(?P<number>\d+)", self._one_of_gitlab),
            (r"/rest/api/3/myself", lambda: Reply.of({"accountId": "1", "displayName": "Ada"})),
            (r"/rest/api/3/project/(?P<key>\w+)", lambda key: Reply.of({"key": key, "name": key})),
            (r"/rest/api/3/search/jql", self._jira),
            (r"/rest/api/3/issue/(?P<number>\d+)", self._one_of_jira),
            (r"/yt/api/users/me", lambda: Reply.of({"$type": "Me"})),
            (r"/yt/api/admin/projects/(?P<key>\w+)", lambda key: Reply.of({"$type": "Project", "name": key})),
            (r"/yt/api/issues", self._youtrack),
            (r"/yt/api/issues/2-(?P<number>\d+)", self._one_of_youtrack),
            (r"/api/users/me", lambda: Reply.of({"timezone": "UTC"})),
            (r"/api/projects/(?P<number>\d+)", self._project_of_kimai),
            (r"/api/timesheets", self._kimai),
        ]

    def key(self, request: Received) -> str:
        """A request's key is its path."""
        return unquote(request.path)

    def reply(self, request: Received) -> Reply:
        """Answer as documented, whoever asks."""
        self._request = request
        for pattern, answer in self._routes:
            if match := re.fullmatch(pattern, unquote(request.path)):
                return answer(**match.groupdict())
        return self.error(404)

    def error(self, status: int) -> Reply:
        """Return an error in the words of none of them."""
        return Reply.of({"message": f"{status} Error", "error": "Error", "errorMessages": []}, status)

    def _begin(self, number: str) -> Reply:
        self._phase = int(number)
        return Reply.of({})

    def _found(self, project: str, since: str = "") -> list[Record]:
        known = [each for each in self._phases[self._phase] if each["project"] == project and "gone" not in each]
        after = datetime.fromisoformat(since) if since else time(-1)
        return sorted((each for each in known if time(each["minute"]) >= after), key=lambda each: each["minute"])

    def _one(self, **fields: int | str) -> Record | None:
        records = self._phases[self._phase]
        return next((each for each in records if fields.items() <= each.items()), None)

    def _github(self, project: str) -> Reply:
        return Reply.of([github_item(each) for each in self._found(project, self._request.query.get("since", ""))])

    def _one_of_github(self, project: str, number: str) -> Reply:
        found = self._one(project=project, number=int(number))
        if found is None or project == HIDDEN:
            return self.error(404)
        if found.get("gone") == "deleted":
            return self.error(410)
        if "gone" not in found:
            return Reply.of(github_item(found))
        there = self._one(id=found["moved_to"])
        assert there
        host = self._request.headers["host"]
        target = f"http://{host}/api/v3/repositories/{there['project']}/issues/{there['number']}"
        return Reply(301, b'{"message": "Moved Permanently"}').with_headers(Location=target)

    def _gitlab(self, project: str) -> Reply:
        found = self._found(project, self._request.query.get("updated_after", ""))
        return Reply.of([gitlab_item(each) for each in found]).with_headers(x_next_page="")

    def _one_of_gitlab(self, project: str, number: str) -> Reply:
        found = self._one(project=project, number=int(number))
        return self.error(404) if found is None or found.get("gone") == "deleted" else Reply.of(gitlab_item(found))

    def _jira(self) -> Reply:
        jql = json.loads(self._request.body)["jql"]
        match = re.match(r'project = "(\w)\1"(?: AND updated >= (\d+))?', jql)
        assert match
        found = [each for each in self._found(match[1].lower()) if _milliseconds(each) >= int(match[2] or 0)]
        return Reply.of({"issues": [jira_item(each) for each in found], "isLast": True})

    def _one_of_jira(self, number: str) -> Reply:
        found = self._one(id=int(number))
        return Reply.of(jira_item(found)) if found and found["project"] != HIDDEN else self.error(404)

    def _youtrack(self) -> Reply:
        match = re.match(r"project: \{(\w)\}(?: updated: (\S+) )?", self._request.query["query"])
        assert match
        since = f"{match[2]}+00:00" if match[2] else ""
        return Reply.of([youtrack_item(each) for each in self._found(match[1].lower(), since)])

    def _one_of_youtrack(self, number: str) -> Reply:
        found = self._one(id=int(number))
        return Reply.of(youtrack_item(found)) if found and found["project"] != HIDDEN else self.error(404)

    def _project_of_kimai(self, number: str) -> Reply:
        now = time(max((each["minute"] for each in self._phases[self._phase]), default=0))
        date = format_datetime(now, usegmt=True)
        return Reply.of({"id": int(number), "name": chr(int(number))}).with_headers(Date=date)

    def _kimai(self) -> Reply:
        query = self._request.query
        since = f"{query['modified_after']}+00:00" if "modified_after" in query else ""
        found = self._found(chr(int(query["project"])), since)
        return Reply.of([_kimai(each) for each in found]).with_headers(X_Total_Pages="1")


def _milliseconds(each: Record) -> int:
    return round(time(each["minute"]).timestamp() * 1000)


def _text(each: Record) -> str:
    return f"{time(each['minute']):%Y-%m-%dT%H:%M:%SZ}"


def github_item(each: Record) -> dict[str, Any]:
    """Return an issue of GitHub."""
    name = f"{OWNER}/{each['project']}"
    return github.issue(3, time(each["minute"])) | {
        "id": each["id"],
        "number": each["number"],
        "title": f"Owl {each['id']}",
        "assignees": [github.user("ada")],
        "html_url": f"https://github.example/{name}/issues/{each['number']}",
        "repository_url": f"https://github.example/api/v3/repos/{name}",
    }


def _project_of_gitlab(project: str) -> dict[str, Any]:
    return {"id": ord(project), "path_with_namespace": f"{OWNER}/{project}", "issues_enabled": True}


def gitlab_item(each: Record) -> dict[str, Any]:
    """Return an issue of GitLab; one that moved is closed."""
    is_closed = "moved_to" in each and not each.get("reopened")
    return {
        "id": each["id"],
        "iid": each["number"],
        "project_id": ord(each["project"]),
        "title": f"Owl {each['id']}",
        "description": None,
        "state": "closed" if is_closed else "opened",
        "created_at": _text(each),
        "updated_at": _text(each),
        "closed_at": _text(each) if is_closed else None,
        "moved_to_id": each.get("moved_to"),
        "author": {"id": 3, "username": "ada", "name": "Ada"},
        "assignees": [{"id": 3, "username": "ada", "name": "Ada"}],
        "web_url": f"https://gitlab.example/{OWNER}/{each['project']}/-/issues/{each['number']}",
        "time_stats": {"time_estimate": 7_200, "total_time_spent": 0},
    }


def jira_item(each: Record) -> dict[str, Any]:
    """Return an issue of Jira."""
    ada = {"accountId": "5b10ada", "displayName": "Ada"}
    fields = {
        "summary": f"Owl {each['id']}",
        "description": None,
        "status": {"name": "Open", "statusCategory": {"key": "new"}},
        "reporter": ada,
        "assignee": ada,
        "created": _text(each),
        "updated": _text(each),
        "timetracking": {"originalEstimateSeconds": 7_200},
    }
    return {"id": str(each["id"]), "key": code(ApiKind.JIRA, each["number"], each["project"]), "fields": fields}


def youtrack_item(each: Record) -> dict[str, Any]:
    """Return an issue of YouTrack."""
    ada = {"$type": "User", "id": "1-2", "login": "ada", "fullName": "Ada"}
    period = {"$type": "PeriodValue", "id": "PT2H", "minutes": 120}
    return {
        "$type": "Issue",
        "id": f"2-{each['id']}",
        "idReadable": code(ApiKind.YOUTRACK, each["number"], each["project"]),
        "project": {"$type": "Project", "id": "0-1", "shortName": each["project"].upper()},
        "summary": f"Owl {each['id']}",
        "created": _milliseconds(each),
        "updated": _milliseconds(each),
        "resolved": None,
        "reporter": ada,
        "customFields": [
            {"$type": "SingleUserIssueCustomField", "id": "92-1", "name": "Assignee", "value": ada},
            {"$type": "PeriodIssueCustomField", "id": "92-2", "name": "Estimation", "value": period},
        ],
    }


def _kimai(each: Record) -> dict[str, Any]:
    project = ord(each["project"])
    return {
        "id": each["id"],
        "begin": f"{time(0):%Y-%m-%dT%H:%M:%S}+0000",
        "end": f"{time(90):%Y-%m-%dT%H:%M:%S}+0000",
        "duration": 5_400,
        "description": f"Owl {each['id']}",
        "activity": {"id": 1, "name": "Development"},
        "project": {"id": project, "name": each["project"], "customer": {"id": 2, "name": "Owls"}},
        "user": {"id": 4, "username": "ada", "alias": "Ada"},
        "metaFields": [],
    }


def server(*phases: Phase) -> AbstractContextManager[Server]:
    """Run a stand-in that goes through these phases."""
    return running("tests.servers.trackers.moving", path="", delay=0.0, limit=None, phases=list(phases))


if __name__ == "__main__":
    from upkeep.testing.servers.protocol import main

    main(Catalogue)
