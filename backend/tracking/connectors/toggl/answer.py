"""What Toggl Track answers, as far as it is used: https://engineering.toggl.com/docs/reports/detailed_reports."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from backend.tracking.connectors.entries import Seconds, Start
from backend.tracking.connectors.wire import Identifier
from backend.tracking.kernel.records import Person, WorkRecord, breadcrumb
from upkeep.remote.wire import Answer, Text


class Workspace(Answer):
    """A workspace of the token's owner."""

    id: Identifier
    name: Text = ""


class Project(Answer):
    """A project; when it was made says nothing about its entries, which may have been imported."""

    name: Text = ""


class ReportEntry(Answer):
    """One entry together with what its group says."""

    id: Identifier
    seconds: Seconds
    """Negative while the timer is running."""
    start: Start
    stop: object = None
    user_id: Identifier
    username: Text = ""
    """The full name."""
    email: Text = ""
    client_name: Text = ""
    project_name: Text = ""
    task_id: Identifier | None = None
    task_name: Text = ""
    description: Text = ""

    @property
    def work(self) -> WorkRecord:
        """The entry in our own terms."""
        is_running = self.stop is None or self.seconds < 0
        return WorkRecord(
            external_id=self.id,
            person=self._person,
            breadcrumb=breadcrumb([self.client_name, self.project_name, self.task_name]),
            text=self.description,
            started_at=self.start,
            duration=None if is_running else timedelta(seconds=self.seconds),
            external_task=self.task_id or "",
        )

    @property
    def _person(self) -> Person:
        username = self.email or self.username or self.user_id
        return Person(username, self.username, self.email, external_id=self.user_id)


def flat(groups: list[Any]) -> Iterator[Any]:
    """The entries of the groups one by one, each with what its group says; what is not a group stays as it is.

    Toggl sends null for an empty list.
    """
    for group in groups:
        entries = group.get("time_entries", group) if isinstance(group, dict) else group
        if entries is None and group is not None:
            continue
        if not isinstance(entries, list):
            yield group
            continue
        shared = {name: value for name, value in group.items() if name != "time_entries"}
        yield from (shared | entry if isinstance(entry, dict) else entry for entry in entries)
