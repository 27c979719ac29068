"""The embedded redis-server of one UPKEEP_HOME: started when first needed, shared by all processes, left running."""

import re
import secrets
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path

from upkeep.embedded import folders, locks, resp, wheels
from upkeep.embedded.errors import ServerFailedError
from upkeep.embedded.polling import attempts
from upkeep.embedded.processes import Server

HOST = "127.0.0.1"
START_SECONDS = 60.0
LAUNCHES = 3
"""How often to try, since another program may take the port meanwhile."""
CONFIGURATION = f"""\
bind {HOST}
port {{port}}
requirepass {{password}}
appendonly yes
save ""
daemonize no
"""


@dataclass(frozen=True)
class RedisAddress:
    """Where to connect, and with which password. Redis listens on loopback alone."""

    port: int
    password: str = field(repr=False)
    host: str = HOST

    @property
    def url(self) -> str:
        """A REDIS_URL. It holds the password."""
        return f"redis://:{self.password}@{self.host}:{self.port}/0"


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
        self.configuration = self.folder / "redis.conf"
        self.server = Server("Redis", self.folder / "data", self.folder / "server.pid", self.folder / "server.log")
        self.launches = 0

    def address(self) -> RedisAddress | None:
        """Where the server answers when it runs; None when there is none yet, or it is not ours to know."""
        try:
            configured = dict(re.findall(r"^(\w+) (.+)$", self.configuration.read_text(encoding="utf-8"), re.MULTILINE))
            return RedisAddress(int(configured["port"]), configured["requirepass"])
        except (OSError, KeyError, ValueError):
            return None

    def is_ready(self, address: RedisAddress) -> bool:
        """Whether our server answers. The password is sent only while it lives, for then the port is its own."""
        return self.server.is_alive() and resp.answers(address.port, address.password)

    def settle(self) -> RedisAddress:
        """Bring the server to where it answers, whatever state it is in."""
        for folder in (self.folder, self.server.folder):
            folders.private(folder)
        with folders.usable(self.home), locks.exclusive(self.lock):
            for _ in attempts(START_SECONDS):
                if (address := self.address()) and self.is_ready(address):
                    return address
                self._advance()
        raise ServerFailedError(f"Redis does not answer; see {self.server.log}")

    def _advance(self) -> None:
        if not self.server.is_alive():
            self._launch()
        elif self.server.pid() is None:
            self.server.kill()  # the server was killed, but not a child that was writing its data

    def _launch(self) -> None:
        if self.launches == LAUNCHES:
            raise ServerFailedError(f"Redis does not start: {self.server.complaint()} (see {self.server.log})")
        self.launches += 1
        address = self.address()
        if address is None or not _is_free(address.port):
            folders.write(self.configuration, _configuration())
        self.server.launch([wheels.redis_program(), self.configuration])


def _configuration() -> str:
    """A free port, and with it a new password: the old one may have been sent to whoever has the old port now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return CONFIGURATION.format(port=probe.getsockname()[1], password=secrets.token_urlsafe(32))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
