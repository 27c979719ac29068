"""A database that takes no connections for a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql


@contextmanager
def elsewhere() -> Iterator["psycopg.Connection[Any]"]:
    """A connection to another database of the same server."""
    params = connection.get_connection_params()
    known = {name: params[name] for name in ("host", "port", "user", "password") if name in params}
    with psycopg.connect(**known, dbname="postgres", autocommit=True) as other:
        yield other


@contextmanager
def away() -> Iterator[Callable[[], object]]:
    """The server takes no more connections to the database, until what this gives is called, or the body ends."""
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    name = sql.Identifier(connection.settings_dict["NAME"])
    with elsewhere() as other:
        other.execute(allow.format(name, sql.SQL("false")))
        try:
            yield lambda: other.execute(allow.format(name, sql.SQL("true")))
        finally:
            other.execute(allow.format(name, sql.SQL("true")))
