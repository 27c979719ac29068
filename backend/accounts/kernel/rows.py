"""The rows of a file of users."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import SecretStr

from backend.accounts.kernel import cells
from backend.accounts.kernel.heading import READERS, heading
from backend.spreadsheets import table
from backend.spreadsheets.cells import CellError
from backend.spreadsheets.table import BrokenRow

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Row:
    """What the file says of one user."""

    line: int
    username: str
    values: Mapping[str, str | bool]
    """The user's details, of the columns that the file has."""
    password: SecretStr | None = None


def rows(raw: Iterable[bytes], delimiter: str, encoding: str | None = None) -> Iterator[Row | BrokenRow]:
    """The users of a CSV file, given as the lines of a binary file. Memory grows with their names alone.

    Rows of empty cells, and empty cells after those of the columns, are ignored: spreadsheets write them.

    Raises UnusableFileError for an invalid heading, before the first row, and for what is not text, when it is read.
    """
    first_lines: dict[str, int] = {}
    for found in table.rows(raw, heading, delimiter, encoding):
        try:
            yield found if isinstance(found, BrokenRow) else _row(found, first_lines)
        except CellError as error:
            yield BrokenRow(found.line, error.reason, str(error))


def _row(found: table.Row, first_lines: dict[str, int]) -> Row:
    given = found.cells
    username = _username(given)
    first = first_lines.setdefault(cells.key(username), found.line)
    if first != found.line:
        raise CellError("duplicate", f"the same username as in line {first}")
    values = {column: _read(column, READERS[column], given) for column in given if column in READERS}
    password = _read("password", cells.password, given)
    return Row(found.line, username, values, SecretStr(password) if password else None)


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
