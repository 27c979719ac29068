"""The rows of a CSV file, and what becomes of each."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from upkeep.operations.plans import Change

PAGE = 500
"""Rows in one transaction."""


class UnusableFileError(Exception):
    """The file lacks a column."""


class Row(BaseModel):
    """The cells of one row, by the names of their columns."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    code: str = Field(min_length=1)
    title: str


class Line(NamedTuple):
    """A row with the number of its line; one that cannot be used has an error instead."""

    number: int
    row: Row | None
    error: str = ""


def pages(text: TextIO) -> Callable[[int | str | None], Iterator[tuple[list[Line], int]]]:
    """A function from the number of the last line that is done to the pages after it."""

    def after(cursor: int | str | None) -> Iterator[tuple[list[Line], int]]:
        text.seek(0)
        todo = (line for line in lines(text) if line.number > int(cursor or 0))
        while page := list(islice(todo, PAGE)):
            yield page, page[-1].number

    return after


def lines(text: Iterable[str]) -> Iterator[Line]:
    """The rows of the file. Raises UnusableFileError when it lacks a column."""
    reader = csv.DictReader(text, strict=True)
    missing = Row.model_fields.keys() - set(reader.fieldnames or ())
    if missing:
        raise UnusableFileError(f"the first line lacks {', '.join(sorted(missing))}")
    first_lines: dict[str, int] = {}
    for cells in reader:
        line = _line(reader.line_num, cells)
        key = line.row.code if line.row else None
        if key and (first := first_lines.setdefault(key, line.number)) < line.number:
            line = Line(line.number, None, f"the same code as in line {first}")
        yield line


def plan(page: Iterable[Line], stored: Mapping[str, str], *, update: bool) -> Iterator[Change]:
    """What becomes of each row; `stored` has the title of those that exist, by code."""
    for line in page:
        yield _change(line, stored, update=update)


def _line(number: int, cells: Mapping[str | Any, str | Any]) -> Line:
    if None in cells:
        return Line(number, None, "more cells than columns")
    try:
        return Line(number, Row.model_validate(cells))
    except ValidationError as error:
        problem = error.errors()[0]
        return Line(number, None, f"{problem['loc'][0]}: {problem['msg']}")


def _change(line: Line, stored: Mapping[str, str], *, update: bool) -> Change:
    row = line.row
    if row is None:
        label = f"line {line.number}: {line.error}"
        return Change("failed", str(line.number), label, reason="invalid")
    before = stored.get(row.code)
    if before == row.title:
        return Change("unchanged", row.code, row.code)
    fields = {"title": (before, row.title)}
    if before is None:
        return Change("created", row.code, row.code, fields, payload=row.title)
    if not update:
        return Change("skipped", row.code, row.code, reason="exists")
    return Change("updated", row.code, row.code, fields, payload=row.title)
