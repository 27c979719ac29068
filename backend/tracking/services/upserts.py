"""Rows that are inserted, or brought up to date where their key is there already, many in one statement."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection


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
        cursor.execute(statement, [json.dumps(list(rows), default=_as_text)])
        return list(cursor.fetchall())


def _as_text(value: object) -> str:
    # Not Django's encoder: it cuts microseconds off.
    return f"{value.total_seconds():.6f} seconds" if isinstance(value, timedelta) else str(value)
