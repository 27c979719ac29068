"""What Clockodo answers, as far as it is used: https://docs.clockodo.com."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from backend.tracking.connectors.entries import Seconds, Start
from backend.tracking.connectors.wire import MAX_ITEMS, Identifier
from backend.tracking.kernel.records import Person, WorkRecord, breadcrumb
from upkeep.remote.wire import Answer, Text

LUMP_SUMS = (2, 3)
"""The types of entries that are about money, and have no duration."""


MAX_PAGES = 1_000_000
"""More are nonsense."""


class Project(Answer):
    """The place."""

    name: Text = ""


class ProjectAnswer(Answer):
    """An answer of version 4."""

    data: Project


class Paging(Answer):
    """Which part of the whole this is."""

    count_pages: int = Field(ge=0, le=MAX_PAGES)


class Entries(Answer):
    """One page; the entries are looked at one by one."""

    paging: Paging
    entries: list[Any] = Field(max_length=MAX_ITEMS)


class TimeEntry(Answer):
    """One entry, with `enhanced_list`."""

    id: Identifier
    type: Literal[1]
    users_id: Identifier
    users_name: Text = ""
    customers_name: Text = ""
    projects_name: Text = ""
    services_name: Text = ""
    text: Text = ""
    time_since: Start
    duration: Annotated[Seconds, Field(ge=0)] | None
    """Null: the clock is running. Corrected by hand at times, so that it is not what the times say."""

    @property
    def work(self) -> WorkRecord:
        """The entry in our own terms."""
        return WorkRecord(
            external_id=self.id,
            person=Person(self.users_name or self.users_id, self.users_name, external_id=self.users_id),
            breadcrumb=breadcrumb([self.customers_name, self.projects_name, self.services_name]),
            text=self.text,
            started_at=self.time_since,
            duration=None if self.duration is None else timedelta(seconds=self.duration),
        )


def is_about_money(item: object) -> bool:
    """Whether an item of the list is no work."""
    return isinstance(item, dict) and item.get("type") in LUMP_SUMS
