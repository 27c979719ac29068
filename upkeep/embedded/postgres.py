"""The embedded PostgreSQL of one UPKEEP_HOME: started when first needed, shared by all processes, left running."""

import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from upkeep.embedded import folders, locks, unprivileged, wheels
from upkeep.embedded.clusters import DATABASE, USER, Cluster
from upkeep.embedded.errors import ServerFailedError
from upkeep.embedded.polling import attempts
from upkeep.embedded.processes import Server

START_SECONDS = 120.0
"""How long a start may take, recovery from a crash included."""
LISTEN_SECONDS = 2.0
STATUS_LINE = 7
"""Where postmaster.pid says whether the server is ready."""


@dataclass(frozen=True)
class PostgresAddress:
    """Where and as whom to connect. PostgreSQL listens on no network, only on a socket in a folder of ours."""

    socket_folder: Path
    port: int
    user: str
    password: str = field(repr=False)

    @property
    def socket(self) -> Path:
        """The Unix socket, whose name PostgreSQL derives from the port."""
        return self.socket_folder / f".s.PGSQL.{self.port}"


def ensure(home: Path) -> PostgresAddress:
    """Where PostgreSQL answers, started if need be; costs a fraction of a millisecond when it runs.

    Its database `upkeep` exists. Raises EmbeddedError.
    """
    site = Site(home)
    address = site.address()
    return address if address and site.is_ready(address) else site.settle()


def settle(home: Path) -> PostgresAddress:
    """Like `ensure`, but certain: returns when PostgreSQL has said that it accepts connections."""
    return Site(home).settle()


def stop(home: Path) -> bool:
    """Shut PostgreSQL down; False when it was not running. Starts and creates nothing."""
    site = Site(home)
    if not site.folder.is_dir():
        return False
    with locks.exclusive(site.lock):
        return site.server.stop(signal.SIGINT)  # "fast": ends the connections, then writes everything down


def running(home: Path) -> int | None:
    """The server's process, if it runs. Starts nothing."""
    return Site(home).server.pid()


def url(home: Path, database: str = DATABASE) -> str:
    """A DATABASE_URL of the running server, as libpq and django-environ know it. It holds the password."""
    address = ensure(home)
    place = f"host={quote(str(address.socket_folder), safe='')}&port={address.port}"
    return f"postgresql://{address.user}:{quote(address.password, safe='')}@/{quote(database, safe='')}?{place}"


def binary(name: str) -> Path:
    """A program of the wheel: `psql`, `pg_dump`… Raises WheelMissingError."""
    return wheels.postgres_program(name)


class Site:
    """PostgreSQL's part of UPKEEP_HOME."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.folder = self.home / "postgresql"
        self.lock = self.folder / "lock"
        self.sockets = folders.for_sockets(self.folder)
        self.cluster = Cluster(self.folder / "cluster")
        self.server = Server("PostgreSQL", self.cluster.data, self.folder / "server.pid", self.folder / "server.log")
        self.launches = 0

    def address(self) -> PostgresAddress | None:
        """Where the server answers when it runs; None when there is none yet, or it is not ours to know."""
        try:
            return PostgresAddress(self.sockets, *self._login())
        except OSError:
            return None

    def is_ready(self, address: PostgresAddress) -> bool:
        """Whether the server listens and was not starting or stopping, without a subprocess or a login."""
        return self._says_ready() and folders.is_private(self.sockets) and _listens(address.socket)

    def settle(self) -> PostgresAddress:
        """Bring the server to where it accepts connections, whatever state it is in."""
        folders.private(self.folder)
        folders.private(self.sockets)
        with folders.usable(self.home), locks.exclusive(self.lock):
            if not self.cluster.exists():
                self.cluster.make(unprivileged.prefix(wheels.postgres_program("postgres")))
            address = PostgresAddress(self.sockets, *self._login())
            for _ in attempts(START_SECONDS):
                if _accepts(address):
                    return address
                self._advance(address)
        raise ServerFailedError(f"PostgreSQL does not answer; see {self.server.log}")

    def _advance(self, address: PostgresAddress) -> None:
        if not self.server.is_alive():
            self._launch(address)
        elif self.server.pid() is None:
            self.server.kill()  # the server was killed, but not its children, which would keep its data to themselves
        elif self._says_ready() and not address.socket.exists():
            self.server.stop(signal.SIGINT)  # somebody cleaned up /tmp: nobody can reach it any more

    def _launch(self, address: PostgresAddress) -> None:
        if self.launches:
            raise ServerFailedError(f"PostgreSQL does not start: {self.server.complaint()} (see {self.server.log})")
        self.launches += 1
        program = wheels.postgres_program("postgres")
        for stale in (self._postmaster_pid, address.socket.with_name(f"{address.socket.name}.lock")):
            stale.unlink(missing_ok=True)  # PostgreSQL would believe the pid within, whosever it is by now
        command: list[str | Path] = [program, "-D", self.cluster.data, "-k", self.sockets, "-p", str(address.port)]
        self.server.launch([*unprivileged.prefix(program), *command])

    def _login(self) -> tuple[int, str, str]:
        port, password = self.cluster.login()
        return port, USER, password

    def _says_ready(self) -> bool:
        try:
            lines = self._postmaster_pid.read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"

    @property
    def _postmaster_pid(self) -> Path:
        return self.cluster.data / "postmaster.pid"


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(LISTEN_SECONDS)
        return client.connect_ex(str(path)) == 0


def _accepts(address: PostgresAddress) -> bool:
    place = make_conninfo(host=str(address.socket_folder), port=address.port, user=address.user, connect_timeout=5)
    return PGconn.ping(place.encode()) == Ping.OK
