"""The columns of a file of users."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from unicodedata import normalize

from backend.accounts.kernel import cells
from backend.accounts.kernel.text import UnusableFileError

READERS: Mapping[str, Callable[[str], str | bool]] = {
    "email": cells.email,
    "full_name": cells.full_name,
    "first_name": cells.name,
    "last_name": cells.name,
    "is_active": cells.boolean,
    "is_staff": cells.boolean,
    "is_superuser": cells.boolean,
}
"""What the columns of a user's details hold."""
COLUMNS = ("username", *READERS, "password")
_DECORATION = re.compile(r"[\s_\-\u2010-\u2015]+")
"""What spellings of a column differ in, besides case: blanks, low lines, hyphens and dashes."""


def heading(names: Sequence[str]) -> tuple[str, ...]:
    """The columns, in the file's order: `First Name` is first_name, `E-Mail` is email. Empty ones at the end are none.

    Raises UnusableFileError for columns that no user has, that are there twice, or that do not say who the users are.
    """
    trimmed = [cells.trimmed(name) for name in names]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    columns = tuple(_BY_SPELLING.get(_spelling(name), "") for name in trimmed)
    unknown = [name for name, column in zip(trimmed, columns, strict=True) if not column]
    if len(unknown) == len(columns):
        # Does not say what it found: without a heading, the first line is a user's, with the password.
        raise UnusableFileError(f"no heading: the first line names none of {_ALL} (or is the delimiter another one?)")
    if "" in unknown:
        raise UnusableFileError(f"column {trimmed.index('') + 1} has no name: the columns are {_ALL}")
    if unknown:
        raise UnusableFileError(f"unknown column {_quoted(unknown)}: the columns are {_ALL}")
    if repeated := [name for name, count in Counter(columns).items() if count > 1]:
        raise UnusableFileError(f"the column {_quoted(repeated)} is there more than once")
    if not {"username", "email"}.intersection(columns):
        raise UnusableFileError("neither a column 'username' nor 'email': nothing says who the users are")
    return columns


def _spelling(name: str) -> str:
    return _DECORATION.sub("", normalize("NFKC", name)).casefold()


_BY_SPELLING = {_spelling(name): name for name in COLUMNS}
_ALL = ", ".join(COLUMNS)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
