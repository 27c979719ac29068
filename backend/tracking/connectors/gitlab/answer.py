"""What GitLab answers about issues and merge requests, as far as it is used: https://docs.gitlab.com/api/issues/."""

from dataclasses import replace
from datetime import date, datetime

from pydantic import Field

from backend.tracking.connectors.estimates import SECONDS_AN_HOUR, Amount, hours
from backend.tracking.connectors.gitlab.people import User
from backend.tracking.connectors.moments import Day
from backend.tracking.connectors.wire import Identifier, Moment, somebody
from backend.tracking.kernel.moves import MOVED
from backend.tracking.kernel.names import ProjectFacts, base
from backend.tracking.kernel.records import TaskRecord
from upkeep.remote.wire import Answer, Array, Text

MERGE_REQUEST = "MergeRequest/"
"""Before the number of a merge request, as in GitLab's global ids: an issue may have the same number."""

FINISHED = frozenset({"merged", "closed"})
"""The states of a merge request in which nothing is left to do."""


class TimeStats(Answer):
    """How long an issue is to take."""

    time_estimate: Amount | None = None
    """Seconds; 0 when nobody has estimated it."""


class Item(Answer):
    """What issues and merge requests have in common."""

    id: Identifier
    iid: int = Field(gt=0, lt=2**63)
    title: Text
    description: Text = ""
    state: Text = ""
    created_at: Moment | None = None
    updated_at: Moment
    closed_at: Moment | None = None
    web_url: Text = ""
    author: User | None = None
    assignees: Array[User] = []
    time_stats: TimeStats | None = None

    def record(
        self, external_id: str, code: str, *, closed_at: datetime | None, due_on: date | None = None
    ) -> TaskRecord:
        """The item in our own terms."""
        return TaskRecord(
            external_id=external_id,
            code=code,
            title=self.title,
            description=self.description,
            url=self.web_url,
            state=self.state,
            created_at=self.created_at,
            updated_at=self.updated_at,
            closed_at=closed_at,
            due_on=due_on,
            estimate=hours(self.time_stats.time_estimate if self.time_stats else None, an_hour=SECONDS_AN_HOUR),
            author=self.author.person if self.author else None,
            assignees=somebody(self.assignees),
        )


class Issue(Item):
    """An issue of a list, or a task below one."""

    due_date: Day | None = None
    moved_to_id: Identifier | None = None

    @property
    def is_moved(self) -> bool:
        """Whether it goes on as another issue; one that was opened again does not."""
        return self.moved_to_id is not None and self.state == "closed"

    @property
    def task(self) -> TaskRecord:
        """The issue in our own terms."""
        task = self.record(self.id, f"#{self.iid}", closed_at=self.closed_at, due_on=self.due_date)
        if not self.is_moved:
            return task
        closed_at = self.closed_at or self.updated_at
        return replace(task, state=MOVED, estimate=None, moved_to=self.moved_to_id or "", closed_at=closed_at)


class MergeRequest(Item):
    """A merge request of a list: https://docs.gitlab.com/api/merge_requests/."""

    merged_at: Moment | None = None

    @property
    def task(self) -> TaskRecord:
        """The merge request in our own terms."""
        closed_at = (self.merged_at or self.closed_at or self.updated_at) if self.state in FINISHED else None
        return self.record(f"{MERGE_REQUEST}{self.id}", f"!{self.iid}", closed_at=closed_at)


class Located(Answer):
    """An issue or a merge request that was asked for by its number."""

    id: Identifier
    state: Text = ""
    moved_to_id: Identifier | None = None


class Project(Answer):
    """Where issues are."""

    id: Identifier = ""
    path_with_namespace: Text
    web_url: Text = ""
    issues_enabled: bool | None = None
    """None: it is not given."""
    merge_requests_enabled: bool | None = None

    @property
    def facts(self) -> ProjectFacts:
        """What it is called by now, which need not be what it was asked for by."""
        return ProjectFacts(self.id, self.path_with_namespace, base(self.web_url, self.path_with_namespace))
