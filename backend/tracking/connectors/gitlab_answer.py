"""What GitLab answers about issues, as far as it is used: https://docs.gitlab.com/api/issues/."""

from pydantic import Field

from backend.remote.wire import Answer, Array, Text
from backend.tracking.connectors.estimates import SECONDS_AN_HOUR, Amount, hours
from backend.tracking.connectors.moments import Day
from backend.tracking.connectors.wire import Identifier, Moment
from backend.tracking.kernel.records import Person, TaskRecord


class User(Answer):
    """An account. The list tells no e-mail addresses."""

    username: Identifier
    name: Text = ""

    @property
    def person(self) -> Person:
        """Who that is."""
        return Person(self.username, self.name)


class TimeStats(Answer):
    """How long an issue is to take."""

    time_estimate: Amount | None = None
    """Seconds; 0 when nobody has estimated it."""


class Issue(Answer):
    """An issue of a list, or a task below one."""

    id: Identifier
    iid: int = Field(gt=0, lt=2**63)
    title: Text
    description: Text = ""
    state: Text = ""
    created_at: Moment | None = None
    updated_at: Moment
    closed_at: Moment | None = None
    due_date: Day | None = None
    web_url: Text = ""
    author: User | None = None
    assignees: Array[User] = []
    time_stats: TimeStats | None = None

    @property
    def task(self) -> TaskRecord:
        """The issue in our own terms."""
        return TaskRecord(
            external_id=self.id,
            code=f"#{self.iid}",
            title=self.title,
            description=self.description,
            url=self.web_url,
            state=self.state,
            created_at=self.created_at,
            updated_at=self.updated_at,
            closed_at=self.closed_at,
            due_on=self.due_date,
            estimate=hours(self.time_stats.time_estimate if self.time_stats else None, an_hour=SECONDS_AN_HOUR),
            author=self.author.person if self.author else None,
            assignees=tuple(user.person for user in self.assignees),
        )


class Project(Answer):
    """Where issues are."""

    path_with_namespace: Text
    issues_enabled: bool | None = None
    """None: that is not told."""
