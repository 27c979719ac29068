"""Containers of pytest-celery's nodes that are processes of this machine, so that no test needs Docker.

Each is a CeleryTestContainer in what its nodes and clusters use of one; nothing of Docker's is called.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytest_celery import CeleryTestContainer
from redis import Redis

from tests import warm
from tests.acceptance.polling import until
from upkeep.embedded import wheels

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 30.0
Start = Callable[..., "subprocess.Popen[str]"]
"""Starts `manage.py` with these words."""
Manage = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs `manage.py` with these words to its end."""


class LocalProcess(CeleryTestContainer):  # type: ignore[misc]  # pytest-celery has no annotations
    """A command that runs in a session of its own, with its output in a file; it may be killed and started again."""

    ready_prompt = ""
    """Is in the output once the process is ready."""

    def __init__(
        self, name: str, command: Sequence[str | Path], *, env: Mapping[str, str], folder: Path, cwd: Path = ROOT
    ) -> None:
        self._name = name
        self._cwd = cwd
        self._command = command
        self._env = env
        self._log = folder / f"{name}.log"
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def id(self) -> str:
        """The process's number, as long as a container's id is shown."""
        return f"{self.pid:012}"

    @property
    def name(self) -> str:
        return self._name

    @property
    def pid(self) -> int:
        assert self._process, f"{self._name} was not started"
        return self._process.pid

    @property
    def status(self) -> str:
        """`created`, `running` or `exited`, as Docker says it."""
        if self._process is None:
            return "created"
        return "running" if self._process.poll() is None else "exited"

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that killed it."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the command, whose output is appended to the log."""
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = warm.Popen(
                self._command,
                cwd=self._cwd,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ready(self) -> bool:
        """Wait until the process is ready. Raises AssertionError with its output when it ends instead."""
        until(self._is_ready_or_gone, START_SECONDS, why=f"{self._name} does not get ready:\n{self.logs()}")
        assert self.status == "running", f"{self._name} ended:\n{self.logs()}"
        return True

    def _is_ready_or_gone(self) -> bool:
        return self.status == "exited" or self.ready_prompt in self.logs_since_start()

    def logs(self) -> str:
        """Everything that was put out, before a restart too."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def logs_since_start(self) -> str:
        return self._log.read_bytes()[self._log_start :].decode("utf-8", "replace") if self._log.exists() else ""

    def reload(self) -> None:
        """Nothing is cached."""

    def kill(self, signal: str | int = signal.SIGKILL) -> None:
        """Send the signal to the process, by its number or name; SIGKILL to all its children too."""
        number = _signal(signal)
        with suppress(ProcessLookupError):
            (os.killpg if number == _signal("SIGKILL") else os.kill)(self.pid, number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """The exit code, once the process has ended."""
        assert self._process
        return self._process.wait(seconds)

    def stop(self) -> None:
        """End the process in an orderly way; its whole session by force when that takes too long."""
        if self._process is None:
            return
        self.kill("SIGTERM")
        with suppress(subprocess.TimeoutExpired):
            self.wait()
        self.kill("SIGKILL")
        self.wait()

    @contextmanager
    def started(self) -> Iterator[None]:
        """Let it run, ready, until the end of the body."""
        try:
            self.start()
            self.ready()
            yield
        finally:
            self.stop()

    def restart(self, timeout: float = START_SECONDS) -> None:  # noqa: ARG002 - pytest-celery's signature
        """Stop it if it runs, start it, and wait until it is ready."""
        self.stop()
        self.start()
        self.ready()

    def remove(self, *_args: Any, **_kwargs: Any) -> None:
        self.stop()

    def teardown(self) -> None:
        self.stop()


DANGEROUS = [
    "CONFIG GET dir",
    "FLUSHALL",
    "FLUSHDB",
    "KEYS *",
    "MODULE LIST",
    "DEBUG SLEEP 0",
    "SHUTDOWN",
    "ACL LIST",
    "SAVE",
]
"""What no user of a Redis of ours may do."""
REDIS_PASSWORD, FLOWER_LOGIN = "the/password?of#redis@100%", "operator:over-the-wall"
OTHER_PASSWORD = "the/password?of#others@100%"
"""Of the proxy and of Ollama, neither of which is asked."""


class BrokerProcess(LocalProcess):
    """A redis-server of the wheel, on a port of its own."""

    ready_prompt = "Ready to accept connections"

    def __init__(self, *, folder: Path) -> None:
        self._port = free_port()
        options = f"--bind 127.0.0.1 --port {self._port} --appendonly no --daemonize no".split()
        login = ["--requirepass", REDIS_PASSWORD]
        command: list[str | Path] = [wheels.redis_program(), *options, *login, "--dir", folder, "--save", ""]
        super().__init__("broker", command, env=dict(os.environ), folder=folder)

    @property
    def url(self) -> str:
        return f"redis://:{quote(REDIS_PASSWORD, safe='')}@127.0.0.1:{self._port}/0"

    @property
    def celeryconfig(self) -> dict[str, str]:
        return {"url": self.url, "host_url": self.url}

    def contents(self) -> str:
        """Everything that it holds."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            readers: dict[str, Callable[[str], Any]] = {
                "string": client.get,
                "list": lambda key: client.lrange(key, 0, -1),
                "hash": client.hgetall,
                "set": client.smembers,
                "zset": lambda key: client.zrange(key, 0, -1),
            }
            return repr([(key, readers[client.type(key)](key)) for key in client.scan_iter()])


class CeleryProcess(LocalProcess):
    """`celery -A backend …`."""

    def __init__(self, name: str, *arguments: str, env: Mapping[str, str], folder: Path) -> None:
        command = [str(Path(sys.executable).with_name("celery")), "-A", "backend", *arguments]
        super().__init__(name, command, env=env, folder=folder)


class WorkerProcess(CeleryProcess):
    """A worker, which listens to all queues."""

    ready_prompt = " ready."

    def __init__(self, name: str, *, env: Mapping[str, str], folder: Path, children: int = 2) -> None:
        options = (f"--concurrency={children}", "--loglevel=INFO", "--without-gossip", "--without-mingle")
        super().__init__(name, "worker", f"--hostname={name}@%h", *options, env=env, folder=folder)

    @property
    def celeryconfig(self) -> dict[str, str]:
        return {"broker_url": self._env["CELERY_BROKER_URL"]}

    def worker_name(self) -> str:
        """The part of the worker's node name before `@`."""
        return self.name


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _signal(given: str | int) -> signal.Signals:
    return signal.Signals[given] if isinstance(given, str) else signal.Signals(given)
