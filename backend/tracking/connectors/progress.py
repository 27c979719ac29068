"""How far a download of work entries came, as the position that it is taken up from."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ValidationError

from backend.tracking.kernel.records import Record, RecordPage


class Progress(BaseModel):
    """Where the next download begins."""

    since: AwareDatetime | None = None
    """What changed, or happened, from here on is to be read once everything was."""
    reached: AwareDatetime | None = None
    """Everything was not read yet: the download goes on from here."""

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
    """From where to go on behind them."""


def pages(
    position: str,
    *,
    since: datetime,
    everything: Callable[[datetime | None], Iterator[Part]],
    changes: Callable[[datetime], Iterator[Part]],
) -> Iterator[RecordPage]:
    """Read everything, from where it was left; and what changed, whenever everything was read before.

    The last page is empty: it says that the end was reached. Until then a download of changes begins anew when it is
    interrupted.

    Args:
        position: of an earlier page, or empty.
        since: from when on changes are to be read the next time.
        everything: reads from a point that was reached, or from the start.
        changes: reads what changed since.
    """
    progress = Progress.of(position)
    if progress.since and not progress.reached:
        for part in changes(progress.since):
            yield RecordPage(part.records, position)
        yield RecordPage((), Progress(since=since).position)
        return
    since = progress.since or since
    for part in everything(progress.reached):
        yield RecordPage(part.records, Progress(since=since, reached=part.reached).position)
    complete = Progress(since=since).position
    yield RecordPage((), complete)
    if progress.reached:
        yield from pages(complete, since=since, everything=everything, changes=changes)
