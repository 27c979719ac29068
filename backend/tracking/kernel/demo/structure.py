"""A demo organization without its tasks and its work: members, projects, trackers, rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.tracking.kernel.demo import calendar, words
from backend.tracking.kernel.demo.items import Item, Row
from backend.tracking.kernel.demo.keys import Keys
from backend.tracking.kernel.demo.options import Options
from backend.tracking.kernel.demo.team import DOMAIN, Colleague, projects_of, team
from backend.tracking.kernel.kinds import MatchOn

ISSUES, HOURS = f"issues.{DOMAIN}", f"hours.{DOMAIN}"
"""Names of user mappings."""
MAX_DECLARED = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A tracker, and the people in it."""

    key: UUID
    name: str
    host: str
    project: str
    """Its code."""
    people: Mapping[int, UUID]
    """The keys of the external users by the numbers of the colleagues who work in the project."""


class Structure:
    """Everything that tasks and work refer to."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._began = calendar.midnight(calendar.working_days(options.days)[0])
        self.key = self._key("organization", 0)
        self.team = team(options)
        self.projects = [_project(number) for number in range(options.projects)]
        self.issues = [self._place(number, "issues", ISSUES) for number in range(options.projects)]
        self.hours = [self._place(number, "hours", HOURS) for number in range(options.projects)]

    def declared(self, project: int) -> int:
        """How many of its tasks are declared by hand: none, where there is but one."""
        return min(MAX_DECLARED, max(0, self._options.tasks_of(project) - 1))

    def items(self) -> list[Item]:
        """All of it; what refers to something comes after it."""
        return [self._organization(), *self._members(), *self._projects(), *self._trackers(), *self._rules()]

    def _organization(self) -> Item:
        columns = {"code": self._options.code, "name": "Demo organization", "time_zone": calendar.TIME_ZONE}
        mapped = {colleague.login: colleague.username for colleague in self.team if colleague.is_mapped}
        mappings = [
            self._row("user_mapping", number, organization_id=self.key, name=name, usernames=usernames)
            for number, (name, usernames) in enumerate(((ISSUES, mapped), (HOURS, {})))
        ]
        label = f"organization {self._options.code}"
        return Item(self.key, label, (Row("organization", {"id": self.key, **columns}), *mappings))

    def _members(self) -> Iterator[Item]:
        for colleague in self.team:
            if colleague.is_member:
                user = Row("user", _user(colleague))
                profile = self._row(
                    "profile", colleague.number, organization_id=self.key, user__username=colleague.username
                )
                yield Item(profile.columns["id"], f"member {colleague.username}", (user, profile))

    def _projects(self) -> Iterator[Item]:
        for number, (code, name, _) in enumerate(self.projects):
            row = self._row("project", number, organization_id=self.key, code=code, name=name)
            yield Item(row.columns["id"], f"project {code}", (row,))

    def _trackers(self) -> Iterator[Item]:
        for number in range(self._options.projects):
            for place, tracker in enumerate((self.issues[number], self.hours[number])):
                project = self._key("project", number)
                columns = {"project_id": project, "name": tracker.name, "place": place, "user_mapping": tracker.host}
                people = [self._external_user(tracker, person) for person in tracker.people]
                row = Row("tracker", {"id": tracker.key, **columns})
                yield Item(tracker.key, f"tracker {tracker.name}", (row, *people))

    def _external_user(self, tracker: Place, number: int) -> Row:
        colleague = self.team[number]
        known = {"username": colleague.login}
        if tracker.host == HOURS and colleague.is_member:
            known |= {"name": colleague.full_name, "email": colleague.email}
        elif colleague.is_member and not colleague.is_mapped:
            known |= {"name": colleague.full_name}
        return Row("external_user", {"id": tracker.people[number], "tracker_id": tracker.key, **known})

    def _rules(self) -> Iterator[Item]:
        for number, tracker in enumerate(self.issues):
            hours = [self.hours[number].name]
            for place, rule in enumerate(_rules(number, self.declared(number))):
                key = self._key(f"rule of {number}", place)
                columns = {"tracker_id": tracker.key, "place": place, "source_work_trackers": hours, **rule}
                label = f"rule {rule['match_on']} of {tracker.name}"
                yield Item(key, label, (Row("rule", {"id": key, **columns}),))

    def _place(self, project: int, kind: str, host: str) -> Place:
        code = self.projects[project][0]
        inside = [person.number for person in self.team if project in projects_of(person.number, self._options)]
        keys = {number: self._key(f"{kind} user of {project}", number) for number in inside}
        return Place(self._key(f"{kind} tracker", project), f"{code}-{kind}", host, code, keys)

    def _row(self, table: str, number: int, **columns: Any) -> Row:
        return Row(table, {"id": self._key(table, number), **columns})

    def _key(self, kind: str, number: int) -> UUID:
        return Keys(self._options, kind).key(self._began, number)


def _user(colleague: Colleague) -> dict[str, Any]:
    return {
        "username": colleague.username,
        "email": colleague.email,
        "first_name": colleague.first_name,
        "last_name": colleague.last_name,
        "full_name": colleague.full_name,
    }


def _project(number: int) -> tuple[str, str, str]:
    """Code, name and customer."""
    again, place = divmod(number, len(words.PROJECTS))
    code, name, customer = words.PROJECTS[place]
    return (f"{code}-{again + 1}", f"{name} {again + 1}", customer) if again else (code, name, customer)


def _rules(project: int, declared: int) -> Iterator[dict[str, Any]]:
    """Every second project has a rule for whatever is left; in the others that stays unmatched."""
    yield {"match_on": MatchOn.PATTERN_TO_TASK_CODE, "priority": 100, "text_pattern": r"^(?P<task_code>#\d+)"}
    yield {"match_on": MatchOn.EXTERNAL_TASK_ID_TO_TASK_EXTERNAL_ID, "priority": 90}
    if declared > 1:
        meetings = r".* / (Meetings|Project management)$"
        yield {
            "match_on": MatchOn.PATTERN_TO_TASK, "priority": 50, "breadcrumb_pattern": meetings, "target_task": "pm"
        }  # fmt: skip
    if declared and project % 2:
        yield {"match_on": MatchOn.ALWAYS_TO_TASK, "priority": 1, "target_task": "various"}
