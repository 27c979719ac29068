"""Reads the rows of runs: Django's own query of so many columns takes longer to compile than to carry out."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from upkeep.operations.models import Run

OPTIONS = Run._meta  # noqa: SLF001 - Django documents it


def find(run_id: UUID) -> Run | None:
    """The run of this id; None when there is none."""
    names, statement, converters = _select()
    with connection.cursor() as cursor:
        cursor.execute(statement, [run_id])
        found = cursor.fetchone()
    if found is None:
        return None
    values = list(found)
    for place, column, convert in converters:
        values[place] = convert(values[place], column, connection)
    return Run.from_db(connection.alias, names, values)


def get(run_id: UUID) -> Run:
    """The run of this id. Raises Run.DoesNotExist."""
    run = find(run_id)
    if run is None:
        raise Run.DoesNotExist(f"no run {run_id}")
    return run


@lru_cache(1)
def _select() -> tuple[list[str], str, list[tuple[int, Any, Any]]]:
    """The names of a run's fields, the statement, and what makes values of Python of some of the columns."""
    fields: Sequence[Any] = OPTIONS.concrete_fields  # django-stubs does not know of converters
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    statement = f"SELECT {columns} FROM {connection.ops.quote_name(OPTIONS.db_table)} WHERE id = %s"  # noqa: S608 - our own model
    converters = [
        (place, field.get_col(OPTIONS.db_table), convert)
        for place, field in enumerate(fields)
        for convert in field.get_db_converters(connection)
    ]
    return [field.attname for field in fields], statement, converters
