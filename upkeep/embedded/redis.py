"""The embedded Redis of one UPKEEP_HOME: started when first needed, shared by all processes, left running."""

import hashlib
import secrets
import signal
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from upkeep.embedded import folders, locks, resp, unprivileged, wheels
from upkeep.embedded.errors import ServerFailedError
from upkeep.embedded.polling import attempts
from upkeep.embedded.processes import Server

USER = "upkeep"
USERS = Path(__file__).with_name("redis.acl")
"""The server's users, docker compose's too: one, who cannot administer it; PASSWORD_HASH is to be filled in."""
START_SECONDS = 60.0
CONFIGURATION = """\
appendonly yes
save ""
"""
"""Written into redis.conf once: an operator may add to it there."""


@dataclass(frozen=True)
class RedisAddress:
    """Where and as whom to connect. Redis listens on no network, only on a socket in a folder of ours."""

    socket: Path
    password: str = field(repr=False)
    user: str = USER

    @property
    def url(self) -> str:
        """A URL as redis-py knows it. It holds the password."""
        return f"unix://{self._login_and_path}?db=0"

    @property
    def broker_url(self) -> str:
        """The same place as Celery and Flower know it."""
        return f"redis+socket://{self._login_and_path}"

    @property
    def _login_and_path(self) -> str:
        return f"{self.user}:{self.password}@{quote(str(self.socket))}"


def ensure(home: Path) -> RedisAddress:
    """Where Redis answers, started if need be; costs a fraction of a millisecond when it runs. Raises EmbeddedError."""
    site = Site(home)
    address = site.address()
    return address if address and site.is_ready(address) else site.settle()


def stop(home: Path) -> bool:
    """Shut Redis down; False when it was not running. Starts and creates nothing."""
    site = Site(home)
    if not site.folder.is_dir():
        return False
    with locks.exclusive(site.lock):
        return site.server.stop(signal.SIGTERM)


def running(home: Path) -> int | None:
    """The server's process, if it runs. Starts nothing."""
    return Site(home).server.pid()


class Site:
    """Redis's part of UPKEEP_HOME."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.folder = self.home / "redis"
        self.lock = self.folder / "lock"
        self.sockets = folders.for_sockets(self.folder)
        self.server = Server("Redis", self.folder / "data", self.folder / "server.pid", self.folder / "server.log")
        self.launched = False

    def address(self) -> RedisAddress | None:
        """Where the server answers when it runs; None when there is none yet, or it is not ours to know."""
        try:
            return RedisAddress(self.sockets / "redis.sock", self._password.read_text(encoding="ascii"))
        except OSError:
            return None

    def is_ready(self, address: RedisAddress) -> bool:
        """Whether our server answers."""
        answering = resp.answers(address.socket, address.user, address.password)
        return answering and self.server.is_alive() and folders.is_private(self.sockets)

    def settle(self) -> RedisAddress:
        """Bring the server to where it answers, whatever state it is in."""
        for folder in (self.folder, self.sockets, self.server.folder):
            folders.private(folder)
        with folders.usable(self.home), locks.exclusive(self.lock):
            address = self.address() or self._new_address()
            for _ in attempts(START_SECONDS):
                if self.is_ready(address):
                    return address
                self._advance(address)
        raise ServerFailedError(f"Redis does not answer; see {self.server.log}")

    def _new_address(self) -> RedisAddress:
        self.server.stop(signal.SIGTERM)  # one that knows another password; or Upkeep's first, which listened on a port
        password = secrets.token_urlsafe(32)
        folders.write(self._password, password)
        return RedisAddress(self.sockets / "redis.sock", password)

    def _advance(self, address: RedisAddress) -> None:
        if not self.server.is_alive():
            self._launch(address)
        elif self.server.pid() is None:
            self.server.kill()  # the server was killed, but not a child that was writing its data
        elif not self.launched and not address.socket.exists():
            self.server.stop(signal.SIGTERM)  # somebody cleaned up /tmp: nobody can reach it any more

    def _launch(self, address: RedisAddress) -> None:
        if self.launched:
            raise ServerFailedError(f"Redis does not start: {self.server.complaint()} (see {self.server.log})")
        self.launched = True
        program, configuration, users = wheels.redis_program(), self.folder / "redis.conf", self.folder / "users.acl"
        if not configuration.exists():
            folders.write(configuration, CONFIGURATION)
        digest = hashlib.sha256(address.password.encode()).hexdigest()
        folders.write(users, USERS.read_text(encoding="ascii").replace("PASSWORD_HASH", digest))
        options = {"port": 0, "unixsocket": address.socket, "unixsocketperm": 700, "aclfile": users, "daemonize": "no"}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        prefix = unprivileged.prefix(program, name="Redis", variable="REDIS_URL")
        self.server.launch([*prefix, program, configuration, *words])

    @property
    def _password(self) -> Path:
        return self.folder / "password"
