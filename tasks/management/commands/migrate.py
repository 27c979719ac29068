"""Django's `migrate`, one at a time in a database: containers that start together all call it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

WITHOUT_TIMEOUTS = """
SELECT set_config(name, '0', true) FROM pg_settings
 WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')
"""
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('upkeep'), hashtext('migrate'))"
POLL_SECONDS = 0.5
INTERRUPTED = 130


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """As Django's, once no other is at work; `--plan` and `--check` only look, and do not wait."""
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        with alone(options["database"], on_wait=self._report_waiting):
            super().handle(*args, **options)

    def _report_waiting(self) -> None:
        self.stderr.write("Another migrate is at work in this database: waiting until it has ended.", lambda text: text)


@contextmanager
def alone(alias: str, *, on_wait: Callable[[], object]) -> Iterator[None]:
    """Wait until nobody else is within; `on_wait` is called when that takes a while. Other databases do not wait.

    The lock lives in a transaction of a connection of its own: it ends with this process, and no pooler can part them.

    Raises:
        CommandError: Ctrl-C, while it waits.
    """
    if connections[alias].vendor != "postgresql":
        yield
        return
    holder = connections[alias].copy()
    try:
        holder.set_autocommit(False)
        try:
            _acquire(holder, on_wait)
        except KeyboardInterrupt:
            raise CommandError("interrupted before anything was migrated", returncode=INTERRUPTED) from None
        yield
    finally:
        holder.close()


def _acquire(holder: Any, on_wait: Callable[[], object]) -> None:
    """Wait here, not in the server: CREATE INDEX CONCURRENTLY waits for a waiting statement's snapshot."""
    has_waited = False
    while True:
        with holder.cursor() as cursor:
            cursor.execute(WITHOUT_TIMEOUTS)
            cursor.execute(TRY_LOCK)
            if cursor.fetchone()[0]:
                return
        holder.rollback()
        if not has_waited:
            on_wait()
        has_waited = True
        time.sleep(POLL_SECONDS)
