"""The first line of a table, which names its columns."""

import re
from collections import Counter
from collections.abc import Sequence
from unicodedata import normalize

from backend.spreadsheets import cells
from backend.spreadsheets.text import UnusableFileError

_DECORATION = re.compile(r"[\s_\-\u2010-\u2015]+")
"""What spellings of a name differ in, besides case: blanks, low lines, hyphens and dashes."""


def heading(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The columns, in the file's order: `First Name` is first_name, `E-Mail` is email. Empty ones at the end are none.

    Raises UnusableFileError for columns that are not `known`, and for those that are there twice.
    """
    trimmed = [cells.trimmed(name) for name in names]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    by_spelling = {spelling(name): name for name in known}
    columns = tuple(by_spelling.get(spelling(name), "") for name in trimmed)
    unknown = [name for name, column in zip(trimmed, columns, strict=True) if not column]
    every = ", ".join(known)
    if len(unknown) == len(columns):
        # Does not say what it found: without a heading, the first line may be a user's, with the password.
        raise UnusableFileError(
            f"no heading: the first line names none of {every} (if the delimiter is another one: --delimiter)"
        )
    if "" in unknown:
        raise UnusableFileError(f"column {trimmed.index('') + 1} has no name: the columns are {every}")
    if unknown:
        raise UnusableFileError(f"unknown column {_quoted(unknown)}: the columns are {every}")
    if repeated := [name for name, count in Counter(columns).items() if count > 1]:
        raise UnusableFileError(f"the column {_quoted(repeated)} appears more than once")
    return columns


def spelling(name: str) -> str:
    """The same for all ways to spell a name of the table's."""
    return _DECORATION.sub("", normalize("NFKC", name)).casefold()


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
