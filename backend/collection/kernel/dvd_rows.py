"""The rows of a table of DVDs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from backend.collection.kernel.imdb_ids import IMDB_ID
from backend.spreadsheets import cells, table
from backend.spreadsheets.heading import heading as any_heading
from backend.spreadsheets.heading import spelling
from backend.spreadsheets.table import BrokenRow
from backend.spreadsheets.text import UnusableFileError
from upkeep.formulas import unguarded
from upkeep.validation import explained

Status = Literal["kept", "disposed", "unboxed"]
MediaType = Literal["physical", "download", "rip"]
DiskType = Literal["DVD", "BluRay"]


def _chosen(values: Sequence[str]) -> Callable[[str], str]:
    """Reads any spelling of one of the values: `Blu-ray` is BluRay."""
    by_spelling = {spelling(value): value for value in values}
    return lambda cell: by_spelling.get(spelling(cell), cell)


def _number(cell: str) -> str | None:
    return cells.trimmed(cell) or None


def text(cell: str) -> str:
    """What the cell says, in one line."""
    return cells.words(unguarded(cells.trimmed(cell)))


def _title(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _imdb_id(text: str) -> str:
    if text and not IMDB_ID.fullmatch(text):
        raise ValueError("must be tt and 7 or more digits")
    return text


Id = Annotated[int, Field(ge=1, lt=2**63)]
Year = Annotated[int, Field(ge=1000, le=9999)]
Number = BeforeValidator(_number)
Text = Annotated[str, BeforeValidator(text)]


class DvdRow(BaseModel):
    """A row of the table; the fields are its columns."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[Id | None, Number] = None
    title: Annotated[Text, AfterValidator(_title)]
    year: Annotated[Year | None, Number] = None
    tmdb_id: Annotated[Id | None, Number] = None
    imdb_id: Annotated[Text, AfterValidator(_imdb_id)] = ""
    status: Annotated[Status, BeforeValidator(_chosen(get_args(Status)))] = "kept"
    media_type: Annotated[MediaType, BeforeValidator(_chosen(get_args(MediaType)))] = "physical"
    disk_type: Annotated[DiskType, BeforeValidator(_chosen(get_args(DiskType)))] = "DVD"
    storage_box: Text = ""
    location: Text = ""
    is_box_set: Annotated[bool, BeforeValidator(cells.boolean)] = False
    box_set: Text = ""
    copy_number: Annotated[int, Number, Field(ge=1, lt=2**31)] = 1

    @property
    def values(self) -> dict[str, Any]:
        """What it says of the DVD, by the name of the field there; of the columns that the file has."""
        given = self.model_fields_set - {"id"}
        said = {FIELDS[name]: getattr(self, name) for name in COLUMNS if name in given}
        if "box_set" in given and "is_box_set" not in given:
            said["is_box_set"] = bool(self.box_set)
        return said


COLUMNS = tuple(DvdRow.model_fields)
FIELDS = dict(zip(COLUMNS, COLUMNS, strict=True)) | {
    "id": "pk",
    "title": "name",
    "year": "release_year",
    "box_set": "box_set_name",
}
"""The field of a DVD that each column is."""
MAY_BE_EMPTY = {"id", "year", "tmdb_id", "imdb_id", "storage_box", "location", "box_set"}
"""Empty cells of the other columns say nothing."""
Key = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A row, with the line where it starts."""

    line: int
    row: DvdRow
    same_as: int | None = None
    """The line of an earlier row about the same DVD."""


def heading(names: Sequence[str]) -> tuple[str, ...]:
    """The columns of the file. Raises UnusableFileError for others, and without a title."""
    columns = any_heading(names, COLUMNS)
    if "title" not in columns:
        raise UnusableFileError("no column 'title': nothing says which DVDs these are")
    return columns


def rows(raw: Iterable[bytes], delimiter: str, encoding: str | None = None) -> Iterator[Line | BrokenRow]:
    """The DVDs of a CSV file, given as the lines of a binary file. Memory grows with their ids and titles alone."""
    first_lines: dict[Key, int] = {}
    for found in table.rows(raw, heading, delimiter, encoding):
        line = found if isinstance(found, BrokenRow) else _line(found)
        if isinstance(line, Line):
            same_as = next((first_lines[key] for key in _identities(line.row) if key in first_lines), None)
            line = Line(line.line, line.row, same_as)
            for key in (*_identities(line.row), *_titles(line.row)):
                first_lines.setdefault(key, line.line)
        yield line


def film_keys(row: DvdRow) -> Iterator[Key]:
    """What tells its film, and which copy of it, from all others."""
    if row.tmdb_id:
        yield "tmdb", row.tmdb_id, row.copy_number
    if row.imdb_id:
        yield "imdb", row.imdb_id, row.copy_number


def title_key(title: str, year: int | None, copy: int) -> Key:
    """A film that has no id, by its title; in any year if that is None."""
    return "title", title.casefold(), year, copy


def _identities(row: DvdRow) -> Iterator[Key]:
    """Two rows that share one are about the same DVD."""
    if row.id:
        yield "id", row.id
    yield from film_keys(row)
    if not (row.tmdb_id or row.imdb_id):
        yield title_key(row.title, row.year or (0 if row.id else None), row.copy_number)


def _titles(row: DvdRow) -> Iterator[Key]:
    """Under which a later row without an id of its film finds it; a year of 0 is that of a row without one."""
    yield title_key(row.title, row.year or 0, row.copy_number)
    yield title_key(row.title, None, row.copy_number)


def _line(found: table.Row) -> Line | BrokenRow:
    try:
        return Line(found.line, DvdRow.model_validate(_said(found.cells)))
    except ValidationError as error:
        return BrokenRow(found.line, "invalid", explained(error, DvdRow, what="column"))


def _said(given: Mapping[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in given.items() if name in MAY_BE_EMPTY | {"title"} or cells.trimmed(cell)}
