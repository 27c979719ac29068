"""RabbitMQ as a process of this machine: its own node, ports and data, under the tests' folder."""

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.acceptance.processes import LocalProcess, free_port

DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The server itself; what Debian has on the path changes to another user first."""
SCRIPT = 'epmd & exec "$0" -noinput'
"""Erlang's port mapper is of this process's session, so that it ends with it: RabbitMQ would start one that stays."""
USER, PASSWORD = "upkeep", "over/the?wire@42%"


class RabbitProcess(LocalProcess):
    """A node with no plugins. Its data stay where they are when it is started again."""

    ready_prompt = "Server startup complete"

    def __init__(self, *, folder: Path) -> None:
        self._port = free_port()
        self._home = folder / "rabbitmq"
        self._home.mkdir()
        self._program = _program()
        super().__init__("rabbitmq", ["sh", "-c", SCRIPT, self._program], env=self._environment(), folder=folder)

    def _environment(self) -> dict[str, str]:
        configuration = self._home / "rabbitmq.conf"
        lines = {
            "listeners.tcp.1": f"127.0.0.1:{self._port}",
            "default_user": USER,
            "default_pass": PASSWORD,
            "log.console": "true",
            "log.file": "false",
        }
        configuration.write_text("".join(f"{name} = {value}\n" for name, value in lines.items()), encoding="utf-8")
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self._home),  # for Erlang's cookie
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_ALLOW_INPUT": "1",  # the script becomes the server, instead of waiting for it
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._home / "plugins"),
            "RABBITMQ_LOG_BASE": str(self._home / "log"),
            "RABBITMQ_MNESIA_BASE": str(self._home / "data"),
            "RABBITMQ_NODENAME": "upkeep@localhost",  # this machine's own name may resolve to nothing
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    @property
    def url(self) -> str:
        return f"amqp://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self._port}//"

    @property
    def celeryconfig(self) -> dict[str, str]:
        return {"url": self.url, "host_url": self.url}

    def start(self) -> None:
        if self._process:
            self.kill()  # the port mapper outlives a server that ended alone
        super().start()

    def contents(self) -> str:
        """Everything that it keeps: quorum queues are files."""
        files = sorted((self._home / "data").rglob("*"))
        return "".join(file.read_bytes().decode("latin-1") for file in files if file.is_file())

    def set(self, **parameters: int) -> None:
        """Change settings of RabbitMQ, for channels that are opened from now on."""
        expression = "".join(f"application:set_env(rabbit, {name}, {value})," for name, value in parameters.items())
        control: list[str | Path] = [self._program.with_name("rabbitmqctl"), "eval", f"{expression}ok."]
        subprocess.run(control, env=self._env, check=True, capture_output=True, timeout=30)


def _program() -> Path:
    found = str(DEBIAN) if DEBIAN.exists() else shutil.which("rabbitmq-server")
    if found is None:
        raise pytest.UsageError("--broker=rabbitmq wants rabbitmq-server: apt-get install rabbitmq-server")
    return Path(found)
