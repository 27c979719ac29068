"""Writes the rows of new runs: Django's own insert of so many columns would take most of the time of an enqueue."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias, cast

from django.db import connections, router
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models import Field

from upkeep.operations.models import Run

OPTIONS = Run._meta  # noqa: SLF001 - Django documents it
Column: TypeAlias = "Field[Any, Any]"


def insert(runs: Sequence[Run]) -> None:
    """Write them in one statement, as `bulk_create` does. Raises IntegrityError when one of their ids is taken."""
    alias, now = router.db_for_write(Run), datetime.now(UTC)
    connection = connections[alias]
    for number, run in enumerate(runs):
        run.created_at = now + timedelta(microseconds=number)  # those that wait for one key start in their order
    columns = tuple(
        column for column, usual in _defaults() if any(getattr(run, column.attname) != usual for run in runs)
    )
    start, row = _statement(alias, columns)
    values = [column.get_db_prep_save(getattr(run, column.attname), connection) for run in runs for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(start + ", ".join([row] * len(runs)), values)
    for run in runs:
        run._state.adding, run._state.db = False, alias  # noqa: SLF001 - Django documents both


@lru_cache(1)
def _defaults() -> Sequence[tuple[Column, Any]]:
    """Each column, and what it holds in most new runs."""
    usual = Run(id=None)
    return [(column, getattr(usual, column.attname)) for column in OPTIONS.concrete_fields]


@lru_cache(100)
def _statement(alias: str, columns: tuple[Column, ...]) -> tuple[str, str]:
    """The beginning of an INSERT, and its row, in which these columns are parameters and the others as usual."""
    connection = connections[alias]
    operations = cast("DatabaseOperations", connection.ops)
    names, values = [], []
    for column, usual in _defaults():
        names.append(operations.quote_name(column.column))
        literal = operations.compose_sql("%s", [column.get_db_prep_save(usual, connection)])
        values.append("%s" if column in columns else literal.replace("%", "%%"))
    table = operations.quote_name(OPTIONS.db_table)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ", f"({', '.join(values)})"  # noqa: S608 - our own model
