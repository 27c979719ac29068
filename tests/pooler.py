"""PgBouncer in transaction mode, before the tests' PostgreSQL."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from tests.acceptance.processes import LocalProcess, free_port
from upkeep.embedded import unprivileged

NEEDED = "pgbouncer is not installed: apt-get install pgbouncer"
CONFIGURATION = """
[databases]
* = host='{host}' port={port} user='{user}' password='{password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
server_login_retry = 1
query_wait_timeout = 30
"""


class PgBouncerProcess(LocalProcess):
    """Gives each transaction one of `size` connections to the server; takes anybody of this machine."""

    ready_prompt = "process up"

    def __init__(self, *, folder: Path, size: int) -> None:
        self.port = free_port()
        program, configuration = found(), folder / "pgbouncer.ini"
        configuration.touch(mode=0o600)
        place = {
            name: connection.get_connection_params().get(name) or "" for name in ("host", "port", "user", "password")
        }
        text = CONFIGURATION.format(**place, listen_port=self.port, size=size)
        configuration.write_text(text, encoding="utf-8")
        command: list[str | Path] = [*unprivileged.prefix(program), program, configuration]
        super().__init__("pgbouncer", command, env=dict(os.environ), folder=folder)


def found() -> Path:
    """The program. Skips the test where there is none."""
    name = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if name is None:
        pytest.skip(NEEDED)
    return Path(name)


@contextmanager
def running(folder: Path, *, size: int) -> Iterator[PgBouncerProcess]:
    """A pooler, until the end of the body."""
    process = PgBouncerProcess(folder=folder, size=size)
    with process.started():
        yield process
