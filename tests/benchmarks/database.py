"""The benchmarks' own database, on the embedded server, whatever DATABASE_URL says."""

from collections.abc import Iterator

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from backend.collection.models import DVD
from upkeep.embedded import postgres

NAME = "bench_upkeep"
TEMPLATE = "bench_dvd"


def create() -> Iterator[dict[str, str]]:
    """Make the database anew; yields its DATABASE_URL."""
    _administer(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)", f"CREATE DATABASE {NAME}")
    yield {"url": postgres.url(settings.UPKEEP_HOME, NAME)}


def migrate() -> Iterator[dict[str, str]]:
    """Make its tables."""
    call_command("migrate", verbosity=0)
    yield from ()


def drop() -> Iterator[dict[str, str]]:
    """Remove the database."""
    _administer(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    yield from ()


def fill(number: int, **columns: str) -> None:
    """Let there be DVDs 1 to `number` and no others; `columns` are SQL expressions in which `n` is the DVD's number."""
    words = {
        "id": "n",
        "name": "'Film ' || n",
        "overview": "repeat('A keeper waits. ', 8)",
        "genres": "'Drama, Comedy'",
    }
    words |= {"tmdb_id": "n", "created_at": "now()", "updated_at": "now()"} | columns
    fields = [field for field in DVD._meta.concrete_fields if field.column not in words]
    plain = [field.get_db_prep_save(field.get_default(), connection) for field in fields]
    names = ", ".join([*words, *(str(field.column) for field in fields)])
    values = ", ".join([*words.values(), *["%s"] * len(fields)])
    insert = f"INSERT INTO collection_dvd ({names}) SELECT {values} FROM generate_series(1, {number}) n"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE collection_dvd")
        cursor.execute(insert, plain)
    settle()


def keep() -> None:
    """Remember the DVDs as they are."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TEMPLATE}")
        cursor.execute(f"CREATE UNLOGGED TABLE {TEMPLATE} AS TABLE collection_dvd")


def reset() -> None:
    """Let the DVDs be as they were when they were remembered, in a table without dead rows."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE collection_dvd")
        cursor.execute(f"INSERT INTO collection_dvd SELECT * FROM {TEMPLATE} ORDER BY id")  # noqa: S608
    settle()


def settle() -> None:
    """Let the server do now what it would do in the middle of the next measurement."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE collection_dvd")
        cursor.execute("CHECKPOINT")


def _administer(*statements: str) -> None:
    with psycopg.connect(postgres.url(settings.UPKEEP_HOME, "postgres"), autocommit=True) as server:
        for statement in statements:
            server.execute(statement.encode())
