"""A stand-in as a test holds it: an address, and a way to look and to interfere."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import PIPE, Popen
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from upkeep.testing.servers.faults import Fault, dumped
from upkeep.testing.servers.protocol import CONTROL, Counts


@dataclass(frozen=True, slots=True)
class Server:
    """A stand-in that is running."""

    origin: str
    path: str

    @property
    def url(self) -> str:
        """The base address of its API."""
        return self.origin + self.path

    def stats(self) -> Counts:
        """Return what it has seen."""
        return self._control(None)

    def fail(self, faults: Mapping[str, Fault]) -> None:
        """Make these faults, by key, and no others from now on."""
        self._control(dumped(faults))

    def _control(self, faults: str | None) -> Counts:
        data = None if faults is None else faults.encode()
        request = Request(self.origin + CONTROL, data, method="PUT" if data else "GET")  # noqa: S310 - our own server
        with build_opener(ProxyHandler({})).open(request, timeout=5) as response:
            fields: dict[str, Any] = json.load(response)
        return Counts(**fields)


@contextmanager
def running(
    module: str, *, path: str = "", delay: float = 0.0, limit: int | None = None, **options: Any
) -> Iterator[Server]:
    """Run a stand-in as a process until the end of the block: one that answers fast beside the client under test.

    Args:
        module: calls `protocol.main` with what makes its catalogue from the `options`.
        path: of the API below the server's address.
        delay: seconds before each answer.
        limit: requests a second, above which it answers 429.
        options: for the catalogue.
    """
    command = [sys.executable, "-m", module, json.dumps({"delay": delay, "limit": limit, **options})]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # It ends when its stdin does; a Ctrl-C is for us alone.
    with Popen(command, env=env, stdin=PIPE, stdout=PIPE, text=True, start_new_session=True) as process:  # noqa: S603 - our own words
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("they are pipes")
        port = int(stdout.readline())
        try:
            yield Server(f"http://127.0.0.1:{port}", path)
        finally:
            stdin.close()
            process.wait(timeout=5)
