"""The rows of a file, in pages that take about half a second each."""

from collections.abc import Callable, Iterator
from itertools import islice
from time import monotonic
from typing import IO

from backend.accounts.kernel.rows import BrokenRow, Row, rows
from backend.accounts.kernel.text import UnusableFileError, lines
from backend.accounts.services.cores import core_count

MAX_ROWS = 512
QUICK, SLOW = 0.25, 1.0

Page = tuple[list[Row | BrokenRow], int]
"""Rows, and the line of the last of them."""


def pages(
    stream: IO[bytes], *, name: str, delimiter: str, encoding: str | None = None, clock: Callable[[], float] = monotonic
) -> Callable[[int | str | None], Iterator[Page]]:
    """A function from the last line that is done to the pages after it.

    Reads the whole file before, to know that it is one of users; raises UnusableFileError, which begins with
    the file's `name`, otherwise. Pages grow and
    shrink by the time that the previous one took: a row takes microseconds, hashing its password tenths of a second.
    """
    try:
        _check(stream, delimiter, encoding)
    except UnusableFileError as error:
        raise UnusableFileError(f"{name}: {error}") from None

    def after(cursor: int | str | None) -> Iterator[Page]:
        line = int(cursor or 0)
        stream.seek(0)
        # Also for a run that resumes, all rows are read: names are compared with those of rows that are done.
        todo = (row for row in rows(stream, delimiter, encoding) if row.line > line)
        size = 2 * core_count()
        started = clock()
        while page := list(islice(todo, size)):
            yield page, page[-1].line
            size, started = _next_size(size, clock() - started), clock()

    return after


def _check(stream: IO[bytes], delimiter: str, encoding: str | None) -> None:
    for _ in lines(stream, encoding):
        pass
    stream.seek(0)
    next(rows(stream, delimiter, encoding), None)


def _next_size(size: int, seconds: float) -> int:
    """Multiples of the number of cores: hashing leaves none idle."""
    if seconds < QUICK:
        return min(2 * size, MAX_ROWS)
    return max(size // 2, core_count()) if seconds > SLOW else size
