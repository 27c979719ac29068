"""What Kimai answers, as far as it is used: https://www.kimai.org/documentation/rest-api.html."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from pydantic import model_validator

from backend.tracking.connectors.entries import Seconds, Start
from backend.tracking.connectors.wire import Identifier
from backend.tracking.kernel.records import Person, WorkRecord, breadcrumb
from upkeep.remote.wire import Answer, Array, Text

TASK_FIELDS = ("external_task_id", "task_id", "task_url", "ticket", "issue")
"""Custom fields that name a task, unless the tracker says which do."""


class Me(Answer):
    """Whose token it is."""

    timezone: Text = ""


class Named(Answer):
    """A project, a customer or an activity."""

    id: Identifier
    name: Text = ""


class Project(Named):
    """With the customer it is for."""

    customer: Named


class User(Answer):
    """Who worked."""

    id: Identifier
    username: Text = ""
    alias: Text = ""


class MetaField(Answer):
    """A custom field."""

    name: Text = ""
    value: Text | object = None


class Timesheet(Answer):
    """One entry, with `full=1`."""

    id: Identifier
    begin: Start
    end: object
    """Null: the timer is running."""
    duration: Seconds | None = None
    """Without breaks, and perhaps rounded; negative for a deduction."""
    description: Text = ""
    activity: Named
    project: Project
    user: User
    metaFields: Array[MetaField] = []  # noqa: N815 - the name in the answer

    @model_validator(mode="after")
    def _has_a_duration(self) -> Self:
        if self.end is not None and self.duration is None:
            raise ValueError("has an end, and no duration")
        return self

    @property
    def work(self) -> WorkRecord:
        """The entry in our own terms."""
        return WorkRecord(
            external_id=self.id,
            person=Person(self.user.username or self.user.id, self.user.alias, external_id=self.user.id),
            breadcrumb=breadcrumb([self.project.customer.name, self.project.name, self.activity.name]),
            text=self.description,
            started_at=self.begin,
            duration=None if self.end is None or self.duration is None else timedelta(seconds=self.duration),
            external_task=self.task(TASK_FIELDS),
        )

    def task(self, fields: Sequence[str]) -> str:
        """The task that the entry names in the first of these custom fields that is filled; empty: none.

        The case of a field's name does not matter.
        """
        filled = {field.name.casefold(): field.value for field in self.metaFields if field.value}
        values = (filled.get(name.casefold()) for name in fields)
        return next((value for value in values if isinstance(value, str)), "")
