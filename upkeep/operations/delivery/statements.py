"""Statements about all runs at once, and what they all may refer to."""

from typing import Any
from uuid import UUID

from django.db import connection

from upkeep.conf import conf
from upkeep.operations import registry

LOCK = 7_385_530
"""Of the advisory lock under which one process at a time sweeps."""


def try_lock() -> bool:
    """Whether no other process sweeps until the end of this transaction."""
    return bool(rows("SELECT pg_try_advisory_xact_lock(%(lock)s)", lock=LOCK)[0][0])


def ids(statement: str, **values: Any) -> list[UUID]:
    """The ids that a statement returns."""
    return [run for (run,) in rows(statement, **values)]


def rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a statement returns; it may refer to the settings of recovery and to the `operations` of this process."""
    known: dict[str, Any] = {
        "operations": registry.names(),
        "lease": conf().LEASE_SECONDS,
        "resend": conf().RESEND_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**known, **values})
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
