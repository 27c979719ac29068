"""DVDs as the lines of a table that can be imported again."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from backend.collection.kernel.dvd_rows import COLUMNS, FIELDS
from backend.spreadsheets.cells import words
from upkeep.formulas import guarded


def lines(dvds: Iterable[Mapping[str, Any]], delimiter: str, *, with_heading: bool = False) -> Iterator[str]:
    """A line for each DVD, without its end; no cell holds a line feed."""
    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    if with_heading:
        writer.writerow(COLUMNS)
    writer.writerows([_cell(dvd[FIELDS[column]]) for column in COLUMNS] for dvd in dvds)
    yield from text.getvalue().split("\n")[:-1]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else guarded(words(str(value)))
