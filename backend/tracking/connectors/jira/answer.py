"""What Jira Cloud answers about issues: https://developer.atlassian.com/cloud/jira/platform/rest/v3/."""

from typing import Any

from pydantic import Field

from backend.tracking.connectors.estimates import SECONDS_AN_HOUR, Amount, hours
from backend.tracking.connectors.jira import document
from backend.tracking.connectors.moments import Day
from backend.tracking.connectors.wire import MAX_ITEMS, Identifier, Moment, somebody
from backend.tracking.kernel.records import Person, TaskRecord
from upkeep.remote.wire import Answer, Text

FIELDS = (
    "summary",
    "description",
    "status",
    "assignee",
    "reporter",
    "created",
    "updated",
    "resolutiondate",
    "duedate",
    "timetracking",
    "timeoriginalestimate",
)
"""All that is used here: Jira sends nothing but ids when it is not asked."""


UNKNOWN = "unknown"
"""The account id of every user who was removed, and whose record is broken."""


class User(Answer):
    """Whoever has to do with an issue."""

    account_id: Identifier = Field(alias="accountId")
    display_name: Text = Field("", alias="displayName")
    email: Text = Field("", alias="emailAddress")
    """Empty when they hide it, as most do."""
    account_type: Text = Field("", alias="accountType")

    @property
    def person(self) -> Person | None:
        """As a record has them; bots, and removed users whose record is broken, are nobody."""
        if self.account_type == "app" or self.account_id == UNKNOWN:
            return None
        return Person(self.account_id, self.display_name, self.email, external_id=self.account_id)


class StatusCategory(Answer):
    """What a status means, whatever it is called."""

    key: str


class Status(Answer):
    """Where an issue is on its way."""

    name: Text = ""
    category: StatusCategory | None = Field(None, alias="statusCategory")

    @property
    def is_done(self) -> bool:
        """Whether nothing remains to do."""
        return self.category is not None and self.category.key == "done"


class TimeTracking(Answer):
    """How long an issue is to take."""

    seconds: Amount | None = Field(None, alias="originalEstimateSeconds")


class Fields(Answer):
    """An issue's fields; those that its project does not have are absent."""

    summary: Text = ""
    description: Any = None
    status: Status | None = None
    assignee: User | None = None
    reporter: User | None = None
    created: Moment | None = None
    updated: Moment
    resolution_date: Moment | None = Field(None, alias="resolutiondate")
    due_date: Day | None = Field(None, alias="duedate")
    time_tracking: TimeTracking | None = Field(None, alias="timetracking")
    original_estimate: Amount | None = Field(None, alias="timeoriginalestimate")

    @property
    def text(self) -> str:
        """The description, plain."""
        return document.plain(self.description).replace("\0", "").strip()

    @property
    def seconds(self) -> int | None:
        """The estimate."""
        return (self.time_tracking and self.time_tracking.seconds) or self.original_estimate


class Issue(Answer):
    """An issue."""

    id: Identifier
    key: Identifier
    fields: Fields


class Located(Answer):
    """An issue that was asked for by its id."""

    key: Identifier


class Page(Answer):
    """What a search answers."""

    issues: list[Any] = Field(max_length=MAX_ITEMS)
    next_page_token: str | None = Field(None, alias="nextPageToken")
    """None on the last page."""


class Project(Answer):
    """What `/project/KEY` answers: also to a key that it had before."""

    id: Identifier = ""
    key: Text = ""
    name: Text


class Tenant(Answer):
    """What `/_edge/tenant_info` answers."""

    cloud_id: str = Field(alias="cloudId", pattern="^[0-9A-Za-z-]+$")


def task(issue: Issue, *, web_url: str) -> TaskRecord:
    """Return the issue in our own terms."""
    fields = issue.fields
    return TaskRecord(
        external_id=issue.id,
        code=issue.key,
        title=fields.summary,
        description=fields.text,
        url=f"{web_url}/browse/{issue.key}",
        state=fields.status.name if fields.status else "",
        created_at=fields.created,
        updated_at=fields.updated,
        closed_at=(fields.resolution_date or fields.updated) if fields.status and fields.status.is_done else None,
        due_on=fields.due_date,
        estimate=hours(fields.seconds, an_hour=SECONDS_AN_HOUR),
        author=fields.reporter.person if fields.reporter else None,
        assignees=somebody([fields.assignee]),
    )
