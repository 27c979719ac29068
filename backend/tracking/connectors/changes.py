"""Lists that are sorted by the time of the last change, the oldest first, read while people go on working.

Whatever is changed meanwhile moves to the end, and whatever is deleted is gone: everything behind it moves forward, and
a reader who just counts misses what moves over the end of a page.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from pydantic import ValidationError

from backend.tracking.connectors import spans
from backend.tracking.connectors.moments import from_milliseconds, to_milliseconds
from backend.tracking.connectors.wire import Moment
from backend.tracking.kernel.records import Record, RecordPage, TaskRecord
from upkeep.remote.exchange import Request
from upkeep.remote.wire import Answer

OVERLAP = timedelta(minutes=5)
"""A change may be seen so much later than one of the same time: transactions take a while, and search indexes more."""

MAX_SHIFTS = 100
"""In one list, before it is given up: no team is that busy."""


class Change(Answer):
    """When an item of a list was changed, whatever it is."""

    updated_at: Moment


def changed(item: object) -> datetime | None:
    """Return when an item was changed; None when that is not understood."""
    try:
        return Change.model_validate(item).updated_at
    except ValidationError:
        return None


def before(time: datetime | None, overlap: timedelta) -> datetime | None:
    """Return the time this long before another one; None without one, and when no calendar has it."""
    try:
        return time and time - overlap
    except OverflowError:
        return None


@dataclass
class Newest:
    """The newest change that downloads have seen: the next one continues from there."""

    time: datetime | None = None

    @classmethod
    def at(cls, position: str) -> "Newest":
        """Continue from the position of a page; from the start, when it is not one of ours."""
        try:
            return cls(from_milliseconds(int(position)))
        except ValueError:
            return cls()

    @property
    def since(self) -> datetime | None:
        """From when on changes may be unknown; None: from ever."""
        return before(self.time, OVERLAP)

    def page(self, records: Iterable[Record]) -> RecordPage:
        """See these records, and return them with the position after them."""
        seen = tuple(records)
        times = [each.updated_at for each in seen if isinstance(each, TaskRecord) and each.updated_at]
        times.append(self.time) if self.time else None
        # What a clock that is ahead wrote would hide all changes until then.
        self.time = spans.not_ahead(max(times)) if times else None
        return RecordPage(seen, "" if self.time is None else str(to_milliseconds(self.time)))


class Seam:
    """Where a page meets the one before: both hold some items, so that nothing gets lost between them."""

    def __init__(self, time: str) -> None:
        self._time = time
        self._known: frozenset[str] = frozenset()

    def holds(self, items: list[object]) -> bool:
        """Whether a page begins with an item that the page before has too, and that was not changed since."""
        return bool(items) and self._key(items[0]) in self._known

    def new(self, items: list[object]) -> list[object]:
        """Return the items that the page before did not have. This page is then the one before."""
        new = [item for item in items if self._key(item) not in self._known]
        self._known = frozenset(map(self._key, items))
        return new

    def _key(self, item: object) -> str:
        return repr((item.get("id"), item.get(self._time)) if isinstance(item, dict) else item)


class Return:
    """The way back over pages that can only be counted, as those of items that were all changed in one moment.

    Whatever vanishes from them moves what follows forward, over the end of a page that was read already. On the way
    from the last page to the first nothing is missed: what moves there comes twice.
    """

    def __init__(self) -> None:
        self._counted: list[Request] = []
        self._left: list[Request | None] = []

    @property
    def is_begun(self) -> bool:
        """Whether pages are to be read on the way back now."""
        return bool(self._left)

    @property
    def is_open(self) -> bool:
        """Whether something may be missing yet: what was seen after it is not a position to continue from."""
        return bool(self._counted or self._left)

    def count(self, request: Request) -> None:
        """Remember a page that is followed by one that can only be counted."""
        self._counted.append(request)

    def begin(self, onward: Request | None) -> Request | None:
        """Return the first request on the way back, which this one follows."""
        self._left, self._counted = [onward, *self._counted], []
        return self.step()

    def step(self) -> Request | None:
        """Return the next request on the way back."""
        return self._left.pop()


class UnsteadyError(Exception):
    """The list has another order each time."""


def joined(pages: Callable[[Iterable[int]], Iterator[list[object]]], *, size: int, time: str) -> Iterator[list[object]]:
    """Read a list by offset, and return what is new on each page.

    Each page begins with the last item of the one before. When it does not, something has moved, and the reading goes
    back by a page. Raises UnsteadyError.

    Args:
        pages: the pages at these offsets, for as long as they are read.
        size: items on a page.
        time: the field that holds when an item was changed.
    """
    seam, step = Seam(time), size - 1
    offset = shifts = 0
    while shifts <= MAX_SHIFTS:
        # Most lists have one page: nothing else is asked for before that is known.
        for items in pages(count(offset, step) if offset else [0]):
            if offset and not seam.holds(items):
                offset, shifts = offset - step, shifts + 1
                break
            yield seam.new(items)
            if len(items) < size:
                return
            offset += step
    raise UnsteadyError
