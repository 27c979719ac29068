"""How far a download of work entries came, as the position that it is taken up from."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ValidationError

from backend.tracking.kernel.records import Record, RecordPage


class Progress(BaseModel):
    """Where the next download begins."""

    since: AwareDatetime | None = None
    """What changed, or happened, from here on is to be read the next time."""
    reached: AwareDatetime | None = None
    """Not all was read yet: the download continues from here."""
    changed_since: AwareDatetime | None = None
    """All that is what changed from here on; None: it is everything."""

    @classmethod
    def of(cls, position: str) -> "Progress":
        """The position, read. One that is not understood is the start: reading everything is never wrong."""
        try:
            return cls.model_validate_json(position)
        except ValidationError:
            return cls()

    @property
    def position(self) -> str:
        """The same as text."""
        return self.model_dump_json(exclude_none=True)


class Part(NamedTuple):
    """Some records."""

    records: tuple[Record, ...]
    reached: datetime
    """From where to continue after them."""


def pages(
    position: str,
    *,
    since: datetime,
    everything: Callable[[datetime | None], Iterator[Part]],
    changes: Callable[[datetime, datetime | None], Iterator[Part]],
    meanwhile: Callable[[datetime], Iterator[Part]],
) -> Iterator[RecordPage]:
    """Read everything; and what changed, whenever everything was read before; each from where it was left.

    The last page is empty: it says that the end was reached.

    Args:
        position: of an earlier page, or empty.
        since: from when on changes are to be read the next time.
        everything: reads from a point that was reached, or from the start.
        changes: reads what changed since, from a point that was reached, or from the start.
        meanwhile: reads what is new since a download was interrupted, before that goes on; what it leaves out of what
            changed, the next download reads.
    """
    there = Progress.of(position)
    changed_since = there.changed_since if there.reached else there.since
    if there.reached:
        since = there.since or since
        for part in meanwhile(since):
            yield RecordPage(part.records, position)
    for part in changes(changed_since, there.reached) if changed_since else everything(there.reached):
        on_the_way = Progress(since=since, reached=part.reached, changed_since=changed_since)
        yield RecordPage(part.records, on_the_way.position)
    yield RecordPage((), Progress(since=since).position)
