"""What Clockodo answers, as far as it is used: https://docs.clockodo.com."""

from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from backend.tracking.connectors.entries import Entry, Id, Seconds, Start
from backend.tracking.connectors.hours_wire import Answer, Text
from backend.tracking.kernel.records import Person, WorkRecord, breadcrumb

TIME = 1
"""The type of an entry about time; the others are about money."""


class Project(Answer):
    """The place."""

    name: Text = ""


class ProjectAnswer(Answer):
    """An answer of version 4."""

    data: Project


class Paging(Answer):
    """Which part of the whole this is."""

    count_pages: int = Field(ge=0)
    count_items: int = Field(ge=0)


class Entries(Answer):
    """One page; the entries are looked at one by one."""

    paging: Paging
    entries: list[Any]


class TimeEntry(Entry):
    """One entry, with `enhanced_list`."""

    id: Id
    type: Literal[1, 2, 3]
    users_id: Id
    users_name: Text = ""
    customers_name: Text = ""
    projects_name: Text = ""
    services_name: Text = ""
    text: Text = ""
    time_since: Start
    duration: Seconds | None = None
    """Null: the clock is running. Corrected by hand at times, so that it is not what the times say."""

    @model_validator(mode="after")
    def _has_a_duration(self) -> Self:
        if self.type == TIME and "duration" not in self.model_fields_set:
            raise ValueError("has no duration")
        return self

    def record(self) -> WorkRecord | None:
        """Return the entry in our own terms; None for a lump sum."""
        if self.type != TIME:
            return None
        name = self.users_name or str(self.users_id)
        return WorkRecord(
            external_id=str(self.id),
            person=Person(name, self.users_name),
            breadcrumb=breadcrumb([self.customers_name, self.projects_name, self.services_name]),
            text=self.text,
            started_at=self.time_since,
            duration=None if self.duration is None else timedelta(seconds=self.duration),
        )
