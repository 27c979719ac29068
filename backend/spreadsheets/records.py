"""The records of a CSV file, with the lines where they start."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from pydantic import AfterValidator

_TAB = {"tab": "\t", "\\t": "\t"}
_SEPARATOR = re.compile(r'("?)sep=(tab|\\t|\t|[^"\r\n])\1\s*', re.IGNORECASE)
"""The line by which Excel learns, and tells, what stands between two cells."""


def _delimiter(value: str) -> str:
    character = _TAB.get(value.lower(), value)
    if len(character) != 1 or character == '"' or not (character == "\t" or character.isprintable()):
        raise ValueError("must be one character, not the quote, or tab")
    return character


Delimiter = Annotated[str, AfterValidator(_delimiter)]
"""The character between two cells; `tab` for the tab."""


@dataclass(frozen=True, slots=True)
class Record:
    """The cells that start at a line; None where they are no CSV."""

    line: int
    cells: list[str] | None


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """Every record but blank lines and a first line such as `sep=;`, which wins over `delimiter`.

    A broken record (a quote that nobody closes) is its first line alone: the next record starts at the line after it,
    so that no row is lost to another's quote.
    """
    source = _Lines(lines)
    if separator := _separator(source.peek()):
        delimiter = separator
        next(source)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        line = source.start_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            source.rewind()
            yield Record(line, None)
        else:
            if cells:
                yield Record(line, cells)


def _separator(line: str) -> str | None:
    found = _SEPARATOR.fullmatch(line)
    try:
        return _delimiter(found[2]) if found else None
    except ValueError:
        return None


class _Lines:
    """Lines that can be read again from the second line of the present record."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._first = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._record.append(line)
        return line

    def peek(self) -> str:
        """The line that is read next, or an empty text."""
        if not self._again:
            self._again.extend(islice(self._lines, 1))
        return self._again[0] if self._again else ""

    def start_record(self) -> int:
        """The number of the line that is read next."""
        self._first += len(self._record)
        self._record = []
        return self._first

    def rewind(self) -> None:
        self._again.extendleft(reversed(self._record[1:]))
        del self._record[1:]
