import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import environ
import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler
from pytest_django.plugin import DjangoDbBlocker

from upkeep.embedded import postgres
from upkeep.embedded.polling import attempts
from upkeep.embedded.postgresql.base import DatabaseWrapper

Connect = Callable[[Path], DatabaseWrapper]


@pytest.fixture
def connect(django_db_blocker: DjangoDbBlocker) -> Iterator[Connect]:
    """Django's connection to the embedded server of a home, as its settings would make it."""
    opened: list[DatabaseWrapper] = []

    def make(home: Path) -> DatabaseWrapper:
        settings: dict[str, Any] = {"ENGINE": "upkeep.embedded.postgresql", "NAME": "upkeep", "HOME": home}
        connection = ConnectionHandler({"default": settings})["default"]
        assert isinstance(connection, DatabaseWrapper)
        opened.append(connection)
        return connection

    with django_db_blocker.unblock():
        yield make
        for connection in opened:
            connection.close()


def answer(connection: DatabaseWrapper, sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_the_first_query_starts_the_server_and_nothing_before_it(home: Path, connect: Connect) -> None:
    connection = connect(home)
    assert not home.exists()
    assert answer(connection, "select current_user || '@' || current_database()") == "upkeep@upkeep"


def test_a_killed_postmaster_is_started_again_by_the_next_connection(home: Path, connect: Connect) -> None:
    connection = connect(home)
    answer(connection, "select 1")
    os.kill(postgres.running(home) or 0, signal.SIGKILL)
    connection.close()
    assert answer(connection, "select 1") == 1


def test_a_connection_asked_for_while_the_server_recovers_from_a_killed_backend_waits(
    home: Path, connect: Connect
) -> None:
    one, witness, other = connect(home), connect(home), connect(home)
    for _ in range(5):
        assert answer(witness, "select 1") == 1
        os.kill(answer(one, "select pg_backend_pid()"), signal.SIGKILL)
        with suppress(OperationalError):  # once the server has seen it, it ends all its connections
            for _ in attempts(60):
                answer(witness, "select 1")
        assert answer(other, "select 1") == 1
        for connection in (one, witness, other):
            connection.close()


def test_the_connection_that_makes_test_databases_starts_the_server_too(home: Path, connect: Connect) -> None:
    with connect(home)._nodb_cursor() as cursor:
        cursor.execute("select current_database()")
        assert cursor.fetchone() == ("postgres",)


def test_a_home_that_cannot_be_used_is_an_operational_error_in_one_line(home: Path, connect: Connect) -> None:
    home.write_text("a file", encoding="ascii")
    with pytest.raises(OperationalError, match=r"^[^\n]*cannot be made: [^\n]*$"):
        answer(connect(home), "select 1")


def test_a_missing_database_is_named(home: Path, connect: Connect) -> None:
    connection = connect(home)
    connection.settings_dict["NAME"] = "elsewhere"
    with pytest.raises(OperationalError, match='database "elsewhere" does not exist'):
        answer(connection, "select 1")


def test_the_shell_is_the_wheels_and_hides_the_password(home: Path, connect: Connect) -> None:
    connection = connect(home)
    arguments, environment = connection.client.settings_to_cmd_args_env(connection.settings_dict, ["-c", "select 1"])
    address = postgres.ensure(home)
    assert arguments[0] == str(postgres.binary("psql"))
    assert address.password not in " ".join(arguments)
    assert environment == {"PGPASSWORD": address.password}


def test_the_url_is_one_that_django_environ_understands(home: Path, connect: Connect) -> None:
    settings = environ.Env.db_url_config(postgres.url(home))
    settings["ENGINE"] = "django.db.backends.postgresql"
    connection = ConnectionHandler({"default": settings})["default"]
    with connection.cursor() as cursor:
        cursor.execute("select current_database()")
        assert cursor.fetchone() == ("upkeep",)
    connection.close()
    assert answer(connect(home), "select 1") == 1
