"""The connection by which an executor writes: how others find it, and what happens when it breaks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from django.db import Error, InterfaceError, OperationalError, connection

from upkeep.conf import conf
from upkeep.operations.leases.labels import APPLICATION_NAME, LABEL, Labeller

if TYPE_CHECKING:  # an operation may be declared before there are models, and its batches ask whether it is lost
    from upkeep.operations.models import Run

T = TypeVar("T")
LONGEST_WAIT = 2.0
TERMINATE_NAMESAKES = """
SELECT pg_terminate_backend(pid, 1000)
  FROM pg_stat_activity
 WHERE application_name = %s AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""
PASSING = ("08", "40", "57P")
"""How the SQLSTATE begins of a lost connection, of a transaction that was in another's way, of a server that stops."""


class DatabaseInterruptedError(OperationalError):
    """The connection was lost, or others were in the way; its cause is what was raised then, of whatever class."""


@contextmanager
def labelled(run: "Run") -> Iterator[None]:
    """Within the body, the server knows of each transaction which run and attempt it works for.

    Raises DatabaseInterruptedError for an error of the database that came with the connection's loss.
    """
    with connection.execute_wrapper(Labeller(name(run))):
        try:
            yield
        except Error as error:
            if is_lost() and not isinstance(error, DatabaseInterruptedError):
                raise DatabaseInterruptedError(str(error)) from error
            raise


def label(run: "Run") -> None:
    """Let the server know which run and attempt this transaction works for."""
    with connection.cursor() as cursor:
        cursor.execute(LABEL, [name(run)])


def name(run: "Run") -> str:
    """By which the server knows the transactions of this attempt at a run."""
    return APPLICATION_NAME.format(run=run.pk, attempt=run.attempt)


def current_label() -> str:
    """That of the run within whose `labelled` this is; else empty."""
    return next((wrapper.label for wrapper in connection.execute_wrappers if isinstance(wrapper, Labeller)), "")


def is_pooled() -> bool:
    """Whether the project declares, by Django's settings, a pooler that gives each transaction a connection."""
    return bool(connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"))


def end_namesakes(label: str) -> None:
    """End the other connections of this label: their process was killed, but their statements still run."""
    with connection.cursor() as cursor:
        cursor.execute(TERMINATE_NAMESAKES, [label])


def is_lost() -> bool:
    """Whether the connection that was used last has broken, also when Django has made another one since."""
    used = [wrapper.used for wrapper in connection.execute_wrappers if isinstance(wrapper, Labeller)]
    return any(getattr(raw, "broken", False) for raw in (connection.connection, *used))


def is_passing(error: BaseException) -> bool:
    """Whether the same may work in a moment: the connection is lost, whatever was raised; or others were in the way."""
    if isinstance(error, DatabaseInterruptedError) or is_lost():
        return True
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)  # the server has none to give when it cannot be heard
    return state is None or state.startswith(PASSING)


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
