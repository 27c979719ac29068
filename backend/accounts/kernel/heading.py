"""The columns of a file of users."""

from collections.abc import Callable, Mapping, Sequence

from backend.accounts.kernel import cells
from backend.spreadsheets.cells import boolean
from backend.spreadsheets.heading import heading as any_heading
from backend.spreadsheets.text import UnusableFileError

READERS: Mapping[str, Callable[[str], str | bool]] = {
    "email": cells.email,
    "full_name": cells.full_name,
    "first_name": cells.name,
    "last_name": cells.name,
    "is_active": boolean,
    "is_staff": boolean,
    "is_superuser": boolean,
}
"""What the columns of a user's details hold."""
COLUMNS = ("username", *READERS, "password")


def heading(names: Sequence[str]) -> tuple[str, ...]:
    """The columns, in the file's order.

    Raises UnusableFileError for columns that no user has, that are there twice, or that do not say who the users are.
    """
    columns = any_heading(names, COLUMNS)
    if not {"username", "email"}.intersection(columns):
        raise UnusableFileError("neither a column 'username' nor 'email': nothing says who the users are")
    return columns
