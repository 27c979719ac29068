"""The connection by which an executor writes: how others find it, and what happens when it breaks."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, InterfaceError, OperationalError, connection

from upkeep.conf import conf
from upkeep.operations.leases.losses import APPLICATION_NAME
from upkeep.operations.models import Run

T = TypeVar("T")
LONGEST_WAIT = 2.0
TERMINATE_NAMESAKES = """
SELECT pg_terminate_backend(pid, 1000)
  FROM pg_stat_activity
 WHERE application_name = current_setting('application_name') AND application_name LIKE 'upkeep:%'
   AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""
PASSING = ("08", "40", "57P")
"""How the SQLSTATE begins of a lost connection, of a transaction that was in another's way, of a server that stops."""


def label(run: Run) -> None:
    """Let the server know which run and attempt this connection works for."""
    with connection.cursor() as cursor:
        name = APPLICATION_NAME.format(run=run.pk, attempt=run.attempt)
        cursor.execute("SELECT set_config('application_name', %s, false)", [name])


def name_of_connection() -> str:
    """By which the server knows this connection, and others that are to work for the same run and attempt."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('application_name')")
        return str(cursor.fetchone()[0])


def end_namesakes() -> None:
    """End the other connections that work for this one's run: their process was killed, their statements go on."""
    with connection.cursor() as cursor:
        cursor.execute(TERMINATE_NAMESAKES)


def is_passing(error: BaseException) -> bool:
    """Whether the same may work in a moment: the connection is lost, or others were in the way."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)  # the server has none to give when it cannot be heard
    # Whether the connection works now tells little: Django makes a new one as it leaves a transaction.
    return state is None or state.startswith(PASSING) or not connection.is_usable()


def discard(*, borrowed: bool) -> None:
    """Leave a connection that an exception may have left in the middle of anything, unless a caller is in it."""
    if not borrowed:
        connection.in_atomic_block = False  # an interrupt within Atomic.__enter__ leaves it set, and its block unclosed
        try:
            connection.close()
        except Error:
            connection.connection = None


def persistently(call: Callable[[], T], error: Error) -> T:
    """What `call` returns, once the database is there again. Raises `error` when that takes RUN_RECONNECT_SECONDS."""
    deadline, wait = time.monotonic() + conf().RECONNECT_SECONDS, 0.05
    while True:
        discard(borrowed=False)
        try:
            return call()
        except (OperationalError, InterfaceError):
            if time.monotonic() > deadline:
                raise error from None
        time.sleep(wait)
        wait = min(LONGEST_WAIT, 2 * wait)
