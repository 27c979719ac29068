"""PostgreSQL as a project finds it: a server of its own, with a password, on a port of this machine."""

import os
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from tests.acceptance.processes import LocalProcess, free_port
from upkeep.embedded import unprivileged, wheels

PASSWORD = "over the-wall"
BINARIES = {15: Path("/usr/lib/postgresql/15/bin"), 18: wheels.postgres_program("postgres").parent}
"""Debian 12's, which CI installs, and that of the wheel."""


class PostgresProcess(LocalProcess):
    """A server of this version with no database but its own."""

    ready_prompt = "database system is ready to accept connections"

    def __init__(self, version: int, *, folder: Path) -> None:
        self.port = free_port()
        self._binaries = BINARIES[version]
        self._data = folder / "data"
        self._prefix = unprivileged.prefix(self._binaries / "postgres")
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        command: list[str | Path] = [
            *self._prefix,
            self._binaries / "postgres",
            "-D",
            self._data,
            "-p",
            str(self.port),
            *options,
        ]
        super().__init__(f"postgres{version}", command, env=dict(os.environ), folder=folder, cwd=folder)

    def start(self) -> None:
        """Make its data, if there is none, and start it."""
        if not self._data.exists():
            login = ["--username=shop", "--auth=scram-sha-256", "--pwfile=/dev/stdin"]
            command: list[str | Path] = [
                *self._prefix,
                self._binaries / "initdb",
                f"--pgdata={self._data}",
                *login,
                "--encoding=UTF8",
            ]
            subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)
        super().start()

    def create(self, database: str) -> None:
        """Create the database."""
        self.rows("postgres", f'CREATE DATABASE "{database}"')

    def rows(self, database: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute the statement in the database, and return its rows."""
        where = make_conninfo(host="127.0.0.1", port=self.port, user="shop", password=PASSWORD, dbname=database)
        with psycopg.connect(where, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []
