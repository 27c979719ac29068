"""System checks: the database's pgvector is new enough."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError, connections, router

from backend.search.models import TaskVector

LEAST = "0.8.3"
"""Of pgvector: the versions before have faults in the index that searches use."""
INSTALLED = "SELECT extversion, string_to_array(extversion, '.')::int[] FROM pg_extension WHERE extname = 'vector'"


@register("upkeep", deploy=True)
def check_pgvector(**_kwargs: Any) -> list[CheckMessage]:
    """It is not too old. Asks the database, so only `doctor` and `check --deploy` do it."""
    try:
        with connections[router.db_for_write(TaskVector)].cursor() as cursor:
            cursor.execute(INSTALLED)
            version, numbers = cursor.fetchone() or ("", [])
    except DatabaseError:  # it is not there, which another check reports
        return []
    if not version or numbers >= [int(number) for number in LEAST.split(".")]:
        return []  # without it the migrations are missing, which another check reports
    hint = f"Install {LEAST} or newer on the server, then run there, as a superuser: ALTER EXTENSION vector UPDATE;"
    return [
        Error(f"The database's pgvector is {version}, and has to be {LEAST} at least.", hint=hint, id="search.E001")
    ]
