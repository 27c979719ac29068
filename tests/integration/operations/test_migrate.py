"""Two `migrate` at once."""

import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from tasks.management.commands.migrate import TRY_LOCK

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = "Another migrate is at work in this database: waiting until it has ended.\n"


class Said(StringIO):
    """What a command says, and an event for its first words."""

    def __init__(self) -> None:
        super().__init__()
        self.first = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        self.first.set()
        return written


class CtrlC(StringIO):
    """Somebody who has read enough."""

    def write(self, text: str) -> int:  # noqa: ARG002
        raise KeyboardInterrupt


@pytest.fixture
def other() -> Iterator[Any]:
    """The connection of another migrate, which is at work."""
    holder = connection.copy()
    holder.set_autocommit(False)
    with holder.cursor() as cursor:
        cursor.execute(TRY_LOCK)
        assert cursor.fetchone()[0]
    yield holder
    holder.close()


def test_the_second_migrate_waits_until_the_connection_of_the_first_is_gone(other: Any) -> None:
    said = Said()

    def migrate() -> None:
        call_command("migrate", verbosity=0, stderr=said)
        connection.close()

    second = threading.Thread(target=migrate)
    second.start()
    assert said.first.wait(30)
    assert second.is_alive()
    other.close()
    second.join(30)
    assert (second.is_alive(), said.getvalue()) == (False, WAITING)


@pytest.mark.usefixtures("other")
def test_ctrl_c_while_a_migrate_waits_says_that_nothing_was_done_and_looking_does_not_wait() -> None:
    call_command("migrate", "--check", verbosity=0)
    with pytest.raises(CommandError, match="interrupted before anything was migrated") as error:
        call_command("migrate", verbosity=0, stderr=CtrlC())
    assert error.value.returncode == 130
