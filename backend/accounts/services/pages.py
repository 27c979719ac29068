"""The users of a file, in pages."""

from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import IO

from backend.accounts.kernel.rows import Row, rows
from backend.accounts.services.cores import core_count
from backend.spreadsheets import pages as of_rows
from backend.spreadsheets.table import BrokenRow

Page = tuple[list[Row | BrokenRow], int]
"""Rows, and the line of the last of them."""


def pages(
    stream: IO[bytes], *, name: str, delimiter: str, encoding: str | None = None, clock: Callable[[], float] = monotonic
) -> Callable[[int | str | None], Iterator[Page]]:
    """A function from the last line that is done to the pages after it. Raises UnusableFileError.

    A row takes microseconds, hashing its password tenths of a second, on all cores: none is left idle.
    """
    read = partial(rows, delimiter=delimiter, encoding=encoding)
    return of_rows.pages(stream, read, name=name, encoding=encoding, unit=core_count(), clock=clock)
