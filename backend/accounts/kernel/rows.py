"""The rows of a file of users."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import SecretStr

from backend.accounts.kernel import cells
from backend.accounts.kernel.cells import CellError
from backend.accounts.kernel.heading import READERS, heading
from backend.accounts.kernel.records import Record, records
from backend.accounts.kernel.text import UnusableFileError, lines

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Row:
    """What the file says of one user."""

    line: int
    username: str
    values: Mapping[str, str | bool]
    """The user's details, of the columns that the file has."""
    password: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that names no user, or cannot be understood."""

    line: int
    reason: str
    detail: str


def rows(raw: Iterable[bytes], delimiter: str, encoding: str | None = None) -> Iterator[Row | BrokenRow]:
    """The users of a CSV file, given as the lines of a binary file. Memory grows with their names alone.

    Rows of empty cells, and empty cells after those of the columns, are ignored: spreadsheets write them.

    Raises UnusableFileError for a heading that is none, before the first row, and for what is not text, where it comes.
    """
    source = filter(_has_content, records(lines(raw, encoding), delimiter))
    columns = _columns(source)
    first_lines: dict[str, int] = {}
    for record in source:
        try:
            yield _row(record, columns, first_lines)
        except CellError as error:
            yield BrokenRow(record.line, error.reason, str(error))


def _has_content(record: Record) -> bool:
    return record.cells is None or any(map(cells.trimmed, record.cells))


def _columns(source: Iterator[Record]) -> tuple[str, ...]:
    first = next(source, None)
    if first is None:
        raise UnusableFileError("the file is empty: its first line must name the columns")
    if first.cells is None:
        raise UnusableFileError(f"line {first.line}: the heading is not CSV")
    return heading(first.cells)


def _row(record: Record, columns: tuple[str, ...], first_lines: dict[str, int]) -> Row:
    given = _given(record, columns)
    username = _username(given)
    first = first_lines.setdefault(cells.key(username), record.line)
    if first != record.line:
        raise CellError("duplicate", f"the username is that of line {first}")
    values = {column: _read(column, READERS[column], given) for column in columns if column in READERS}
    password = _read("password", cells.password, given)
    return Row(record.line, username, values, SecretStr(password) if password else None)


def _given(record: Record, columns: tuple[str, ...]) -> Mapping[str, str]:
    """The cells by column; a row may be shorter than the heading."""
    if record.cells is None:
        raise CellError("broken_row", "not CSV: is a quote not closed, or not doubled?")
    if any(map(cells.trimmed, record.cells[len(columns) :])):
        raise CellError("too_many_cells", f"{len(record.cells)} cells in {len(columns)} columns")
    return dict(zip(columns, record.cells, strict=False))


def _username(given: Mapping[str, str]) -> str:
    """The username, or else the e-mail address."""
    if username := _read("username", cells.username, given):
        return username
    if email := _read("email", lambda cell: cells.username(cells.email(cell)), given):
        return email
    raise CellError("no_name", "neither a username nor an e-mail address")


def _read(column: str, reader: Callable[[str], _T], given: Mapping[str, str]) -> _T:
    """What the reader makes of the column's cell; a cell that is not there is empty."""
    try:
        return reader(given.get(column, ""))
    except CellError as error:
        raise CellError(error.reason, f"{column} {error}") from None
