"""What GitHub answers about an issue, as far as it is used: https://docs.github.com/en/rest/issues/issues."""

from datetime import datetime

from pydantic import Field

from backend.tracking.connectors.wire import Identifier, Moment, somebody
from backend.tracking.kernel.names import ProjectFacts, base
from backend.tracking.kernel.records import Person, TaskRecord
from upkeep.remote.wire import Answer, Array, Text

NOBODY = "ghost"
"""The login that stands for users who were removed."""

PROGRAMS = frozenset({"Bot", "Mannequin"})
"""A mannequin stands for the author of something that was imported."""

UNREMARKABLE = {"", "completed", "reopened"}
"""The reasons for a state that say nothing more than the state."""


class User(Answer):
    """An account."""

    login: Text
    id: Identifier | None = None
    type: Text = ""

    @property
    def person(self) -> Person | None:
        """Who that is; bots, removed users and placeholders are nobody."""
        is_somebody = self.login and self.login != NOBODY and self.type not in PROGRAMS
        return Person(self.login, external_id=self.id or "") if is_somebody else None


class Milestone(Answer):
    """What an issue is planned for."""

    due_on: Moment | None = None


class Issue(Answer):
    """An issue of a list."""

    id: Identifier
    number: int = Field(gt=0, lt=2**63)
    title: Text
    body: Text = ""
    html_url: Text = ""
    state: Text
    state_reason: Text = ""
    user: User | None = None
    assignees: Array[User] = []
    milestone: Milestone | None = None
    created_at: Moment
    updated_at: Moment
    closed_at: Moment | None = None

    @property
    def task(self) -> TaskRecord:
        """The issue in our own terms. GitHub knows no estimates."""
        due: datetime | None = self.milestone.due_on if self.milestone else None
        return TaskRecord(
            external_id=self.id,
            code=f"#{self.number}",
            title=self.title,
            description=self.body,
            url=self.html_url,
            state=self.state if self.state_reason in UNREMARKABLE else f"{self.state} ({self.state_reason})",
            created_at=self.created_at,
            updated_at=self.updated_at,
            closed_at=self.closed_at,
            due_on=due.date() if due else None,
            author=self.user.person if self.user else None,
            assignees=somebody(self.assignees),
        )


class Located(Answer):
    """An issue that was asked for by its number, wherever that led."""

    id: Identifier
    repository_url: Text = ""
    html_url: Text = ""

    @property
    def repository(self) -> str:
        """The name of the repository where it is."""
        pages = self.html_url.rpartition("/issues/")[0]
        return "/".join((self.repository_url or pages).rstrip("/").split("/")[-2:])


class Repository(Answer):
    """Where issues are."""

    id: Identifier = ""
    full_name: Text
    html_url: Text = ""
    has_issues: bool | None = None
    """None: it is not given."""

    @property
    def facts(self) -> ProjectFacts:
        """What it is called by now, which need not be what it was asked for by."""
        return ProjectFacts(self.id, self.full_name, base(self.html_url, self.full_name))


class Refusal(Answer):
    """The body of an error."""

    message: Text = ""
