"""What YouTrack answers about issues: https://www.jetbrains.com/help/youtrack/devportal/api-entity-Issue.html."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from backend.tracking.connectors.estimates import MINUTES_AN_HOUR, Amount, hours
from backend.tracking.connectors.moments import Milliseconds
from backend.tracking.connectors.wire import Identifier
from backend.tracking.kernel.records import Person, TaskRecord
from upkeep.remote.wire import Answer, Text

FIELDS = (
    "id,idReadable,summary,description,created,updated,resolved,isDraft,project(shortName),"
    "reporter(id,login,fullName,email),customFields(name,value(id,name,login,fullName,email,minutes))"
)
"""Of an issue, all that is used here: YouTrack sends nothing but ids when it is not asked."""

USERS = frozenset({"SingleUserIssueCustomField", "MultiUserIssueCustomField"})
STATES = frozenset({"StateIssueCustomField", "StateMachineIssueCustomField"})
PERIOD = "PeriodIssueCustomField"
USED = USERS | STATES | {PERIOD}
"""Of the kinds that custom fields have; the others are not looked at."""


class User(Answer):
    """An account."""

    login: Identifier
    id: Identifier | None = None
    full_name: Text = Field("", alias="fullName")
    email: Text = ""

    @property
    def person(self) -> Person:
        """Who that is."""
        return Person(self.login, self.full_name, self.email, external_id=self.id or "")


class Named(Answer):
    """The value of a field that has a name."""

    name: Text


class Project(Named):
    """Where issues are."""

    id: Identifier = ""
    short_name: Text = Field("", alias="shortName")


class Period(Answer):
    """The value of a field for spans of time. How it is presented depends on how long a day is there."""

    minutes: Amount


class CustomField(Answer):
    """A field of a project. What its value is depends on its kind, and kinds are many."""

    kind: str = Field(alias="$type")
    name: str = ""
    value: Any = None

    @property
    def people(self) -> list[Person]:
        """Those in a field of users."""
        values = self.value if isinstance(self.value, list) else [self.value]
        return [User.model_validate(value).person for value in values if value is not None]


class Place(Answer):
    """The project that an issue belongs to."""

    short_name: str = Field(alias="shortName")


def _used(value: object) -> object:
    if not isinstance(value, list):
        return [] if value is None else value
    kinds = [each.get("$type") if isinstance(each, dict) else None for each in value]
    return [each for each, kind in zip(value, kinds, strict=True) if not isinstance(kind, str) or kind in USED]


class Issue(Answer):
    """An issue of a list."""

    id: Identifier
    code: Identifier = Field(alias="idReadable")
    project: Place
    summary: Text = ""
    description: Text = ""
    created: Milliseconds | None = None
    updated: Milliseconds
    resolved: Milliseconds | None = None
    reporter: User | None = None
    fields: Annotated[list[CustomField], BeforeValidator(_used)] = Field([], alias="customFields")


class Located(Answer):
    """An issue that was asked for by its id."""

    code: Identifier = Field(alias="idReadable")
    project: Place


class FieldName(Answer):
    """A field of any project."""

    name: Text = ""


class EstimateField(Answer):
    """The field of a project that holds estimates."""

    field: FieldName | None = None


class TimeTracking(Answer):
    """How a project deals with hours."""

    estimate: EstimateField | None = None

    @property
    def estimate_field(self) -> str:
        """The field's name, empty when there is none."""
        return self.estimate.field.name if self.estimate and self.estimate.field else ""


class TimeZone(Answer):
    """A zone, as IANA calls it."""

    id: str


class GeneralProfile(Answer):
    """A user's own settings."""

    timezone: TimeZone | None = None


class Profiles(Answer):
    """A user's settings."""

    general: GeneralProfile | None = None


class Me(Answer):
    """Whoever the token belongs to."""

    profiles: Profiles | None = None

    @property
    def time_zone(self) -> str:
        """Where their clock is; empty when that is not given."""
        general = self.profiles and self.profiles.general
        return general.timezone.id if general and general.timezone else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the issues of one project are understood."""

    web_url: str
    project: str
    """Its short name, as somebody wrote it: YouTrack finds it in any case."""
    estimate_field: str
    assignee_fields: tuple[str, ...]
    """In this order. Without any that is there: `Assignee`, or else the first field of users."""

    def skips(self, item: object) -> bool:
        """Whether this is a draft, or an issue of another project: a query finds those of the same name, too."""
        if not isinstance(item, dict):
            return False
        project = item.get("project")
        name = project.get("shortName") if isinstance(project, dict) else None
        return item.get("isDraft") is True or (isinstance(name, str) and name.casefold() != self.project.casefold())

    def task(self, issue: Issue) -> TaskRecord:
        """The issue in our own terms. Raises ValidationError when a custom field is not understood."""
        return TaskRecord(
            external_id=issue.id,
            code=issue.code,
            title=issue.summary,
            description=issue.description,
            url=f"{self.web_url}/issue/{issue.code}",
            state=_state(issue.fields),
            created_at=issue.created,
            updated_at=issue.updated,
            closed_at=issue.resolved,
            estimate=self._estimate(issue.fields),
            author=issue.reporter.person if issue.reporter else None,
            assignees=self._assignees(issue.fields),
        )

    def _estimate(self, fields: list[CustomField]) -> Decimal | None:
        periods = (each.value for each in fields if each.kind == PERIOD and each.name == self.estimate_field)
        value = next(periods, None)
        return None if value is None else hours(Period.model_validate(value).minutes, an_hour=MINUTES_AN_HOUR)

    def _assignees(self, fields: list[CustomField]) -> tuple[Person, ...]:
        users = [each for each in fields if each.kind in USERS]
        own = [each for name in self.assignee_fields for each in users if each.name == name]
        usual = [each for each in users if each.name == "Assignee"]
        people = (person for each in own or usual or users[:1] for person in each.people)
        return tuple(dict.fromkeys(people))


def _state(fields: list[CustomField]) -> str:
    """Return the value of the field `State`; when that is called otherwise, of the first one of its kind."""
    states = sorted((each for each in fields if each.kind in STATES), key=lambda each: each.name != "State")
    value = states[0].value if states else None
    return "" if value is None else Named.model_validate(value).name
