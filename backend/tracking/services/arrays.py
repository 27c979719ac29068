"""Arrays as PostgreSQL reads them."""

from collections.abc import Iterable
from uuid import UUID


def array(values: Iterable[UUID | str | None]) -> str:
    """The text of an array of values that need no quotes, such as UUIDs.

    psycopg would adapt a list one value at a time, which takes twice as long, and 25 times as long as when the values
    are texts already.
    """
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"
