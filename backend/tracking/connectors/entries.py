"""What the work entries of all systems have in common, as they are sent."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, ValidationError

from backend.tracking.connectors.hours_wire import Answer, Moment, problem
from backend.tracking.kernel.records import BrokenRecord, Record, WorkRecord

Start = Annotated[Moment, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC))]
"""When somebody worked."""
Seconds = Annotated[int, Field(ge=0, lt=2**31)]
Id = Annotated[int, Field(ge=0, lt=2**63)]


class Entry(Answer, ABC):
    """One work entry."""

    @abstractmethod
    def record(self) -> WorkRecord | None:
        """Return the entry in our own terms; None when it is about something else than time."""


def records(kind: type[Entry], items: Iterable[Any]) -> tuple[Record, ...]:
    """The entries that are about time; a broken one stays alone."""
    return tuple(record for item in items if (record := _record(kind, item)) is not None)


def _record(kind: type[Entry], item: Any) -> Record | None:
    try:
        return kind.model_validate(item).record()
    except ValidationError as error:
        number = item.get("id") if isinstance(item, dict) else None
        return BrokenRecord(str(number)[:200] if isinstance(number, int | str) else "", problem(error))
