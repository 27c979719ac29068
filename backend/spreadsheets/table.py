"""The rows of a table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from backend.spreadsheets import cells
from backend.spreadsheets.records import Record, records
from backend.spreadsheets.text import UnusableFileError, lines

Heading = Callable[[Sequence[str]], tuple[str, ...]]
"""From the first line's cells to the names of the columns; raises UnusableFileError."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by column; those that it lacks at its end are empty."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be understood."""

    line: int
    reason: str
    detail: str


def rows(
    raw: Iterable[bytes], heading: Heading, delimiter: str, encoding: str | None = None
) -> Iterator[Row | BrokenRow]:
    """The rows of a CSV file below its heading, given as the lines of a binary file.

    Rows of empty cells, and empty cells after those of the columns, are ignored: spreadsheets write them.

    Raises UnusableFileError for an invalid heading, before the first row, and for what is not text, when it is read.
    """
    source = filter(_has_content, records(lines(raw, encoding), delimiter))
    columns = _columns(source, heading)
    for record in source:
        if record.cells is None:
            yield BrokenRow(record.line, "broken_row", "not CSV: is a quote not closed, or not doubled?")
        elif any(map(cells.trimmed, record.cells[len(columns) :])):
            detail = f"{len(record.cells)} cells in {len(columns)} columns"
            yield BrokenRow(record.line, "too_many_cells", detail)
        else:
            yield Row(record.line, dict(zip_longest(columns, record.cells[: len(columns)], fillvalue="")))


def _has_content(record: Record) -> bool:
    return record.cells is None or any(map(cells.trimmed, record.cells))


def _columns(source: Iterator[Record], heading: Heading) -> tuple[str, ...]:
    first = next(source, None)
    if first is None:
        raise UnusableFileError("the file is empty: its first line must name the columns")
    if first.cells is None:
        raise UnusableFileError(f"line {first.line}: the heading is not CSV")
    return heading(first.cells)
