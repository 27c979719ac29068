"""A stand-in as a test holds it: an address, and a way to look and to interfere."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from tests.servers.faults import Fault, dumped
from tests.servers.protocol import CONTROL, Counts

ROOT = Path(__file__).parents[2]


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
def running(module: str, *, path: str, delay: float, limit: int | None, **options: Any) -> Iterator[Server]:
    """Run a stand-in until the end of the block; its catalogue is made from the options."""
    command = [sys.executable, "-m", module, json.dumps({"delay": delay, "limit": limit, **options})]
    pipe = subprocess.PIPE  # it ends when its stdin does; a Ctrl-C is for us alone
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        assert process.stdin
        assert process.stdout
        port = int(process.stdout.readline())
        try:
            yield Server(f"http://127.0.0.1:{port}", path)
        finally:
            process.stdin.close()
            process.wait(timeout=5)
