"""The rows of a file, in pages that take about half a second each."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from time import monotonic
from typing import IO, Protocol, TypeVar

from backend.spreadsheets.text import UnusableFileError, lines

MAX_ROWS = 512
QUICK, SLOW = 0.25, 1.0


class OnLine(Protocol):
    """A row of a file."""

    @property
    def line(self) -> int:
        """The number of the line where it starts."""


RowT = TypeVar("RowT", bound=OnLine)
Read = Callable[[Iterable[bytes]], Iterator[RowT]]
"""From the lines of a binary file to its rows."""


def pages(  # noqa: PLR0913 - a file, how it is read, and a clock for tests
    stream: IO[bytes],
    read: Read[RowT],
    *,
    name: str,
    encoding: str | None = None,
    unit: int = 1,
    clock: Callable[[], float] = monotonic,
) -> Callable[[int | str | None], Iterator[tuple[list[RowT], int]]]:
    """A function from the last line that is done to the pages after it: rows, and the line of the last of them.

    Reads the whole file before, to know that it is a table of the kind that is wanted; raises UnusableFileError, which
    begins with the file's `name`, otherwise. Pages grow and shrink by the time that the previous one took, and have
    a multiple of `unit` rows.
    """
    try:
        for _ in lines(stream, encoding):
            pass
        stream.seek(0)
        next(read(stream), None)
    except UnusableFileError as error:
        raise UnusableFileError(f"{name}: {error}") from None

    def after(cursor: int | str | None) -> Iterator[tuple[list[RowT], int]]:
        line = int(cursor or 0)
        stream.seek(0)
        # Also for a run that resumes, all rows are read: they are compared with those that are done.
        todo = (row for row in read(stream) if row.line > line)
        size = 2 * unit
        started = clock()
        while page := list(islice(todo, size)):
            yield page, page[-1].line
            size, started = _next_size(size, clock() - started, unit), clock()

    return after


def _next_size(size: int, seconds: float, unit: int) -> int:
    if seconds < QUICK:
        return min(2 * size, MAX_ROWS)
    return max(size // 2, unit) if seconds > SLOW else size
