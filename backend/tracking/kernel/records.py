"""What connectors bring: plain values, whatever system they come from. Times have a zone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as an external system knows them."""

    username: str
    """A login; where the system has none, the e-mail address or the name. People rename themselves."""
    name: str = ""
    email: str = ""
    external_id: str = ""
    """Stays the same whatever they are called; empty when the system does not give one."""
    former: tuple[str, ...] = ()
    """What they were called before, as far as that was stored."""

    @property
    def key(self) -> str:
        """What identifies them in their tracker."""
        return self.external_id or self.username


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task. Absent text is empty."""

    external_id: str
    """Stays the same when the task is renamed or moved."""
    code: str
    """What people call it: `#123`, `ABC-12`."""
    title: str
    description: str = ""
    url: str = ""
    """For people."""
    state: str = ""
    """As the system calls it."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None
    """None: it is open."""
    due_on: date | None = None
    estimate: Decimal | None = None
    """Hours, two decimal places."""
    moved_to: str = ""
    """Its id now, when it goes on as another task of the same system."""
    author: Person | None = None
    assignees: tuple[Person, ...] = ()

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody whom it names."""
        return (self.author, *self.assignees) if self.author else self.assignees


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRecord:
    """A work entry. Absent text is empty."""

    external_id: str
    person: Person | None
    breadcrumb: str = ""
    """`customer / project / activity`, without those that are absent."""
    text: str = ""
    started_at: datetime
    duration: timedelta | None
    """None: the timer is running."""
    external_task: str = ""
    """The task that the entry itself names: an id or a URL."""

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody whom it names."""
        return (self.person,) if self.person else ()


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """One that is not understood."""

    external_id: str
    """Empty when not even that is understood."""
    problem: str
    """One line for people, without values."""


Record = TaskRecord | WorkRecord | BrokenRecord


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records."""

    records: tuple[Record, ...]
    position: str
    """Opaque. A download that starts from here brings everything that this page and those before it did not, and
    everything that changes from now on; it may bring some of theirs again."""


def breadcrumb(parts: Iterable[str | None]) -> str:
    """`customer / project / activity`, of those that there are."""
    return " / ".join(part.strip() for part in parts if part and part.strip())
