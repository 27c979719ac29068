"""Rows that are inserted, or brought up to date where their key is there already, many in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from pydantic_core import to_json


def upsert(table: str, columns: Sequence[str], conflict: str) -> str:
    """The statement for `execute`: `columns` follow the rows; `id` and the key are only inserted.

    It returns the id and the external id of each row.
    """
    names = ", ".join(("id", "tracker_id", "external_id", *columns))
    updates = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return (
        f"INSERT INTO {table} ({names}) "  # noqa: S608 - made of constants
        f"SELECT {names} FROM jsonb_populate_recordset(null::{table}, %s::jsonb) "
        f"ON CONFLICT {conflict} DO UPDATE SET {updates} RETURNING id, external_id"
    )


def execute(statement: str, rows: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Give the rows to a statement that takes them as one JSON array, and return what it returns."""
    with connection.cursor() as cursor:
        # A duration as seconds: PostgreSQL has years of other lengths than the 365 days that pydantic would write.
        cursor.execute(statement, [to_json(list(rows), timedelta_mode="float").decode()])
        return list(cursor.fetchall())
