"""The process of something adopted, as a program: it calls one function, and ends at once when its parent does.

It reads what to do, one line of JSON, from the socket that also shows it its parent's end. It imports only the standard
library before it has read where to find the rest.
"""

import json
import os
import signal
import sys
import threading
from importlib import import_module
from socket import socket
from typing import Any

MAX_RESULT = 64 * 1024
"""Bytes of JSON: what a socket holds before it is read."""


def main(descriptor: int) -> None:
    """Do what the parent at the other end of this socket says."""
    parent = socket(fileno=descriptor)
    parent.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background inherits that it is ignored
    with parent.makefile("rb") as orders:
        order = json.loads(orders.readline())
    threading.Thread(target=_end_with, args=[parent], name="parent-watch", daemon=True).start()
    sys.path[:] = order["path"]
    _use_databases(order["databases"])
    if order["label"]:
        _label_transactions(order["label"])
    module, _, name = order["call"].rpartition(".")
    result = _dumped(getattr(import_module(module), name)(*order["arguments"]))
    if len(result) <= MAX_RESULT:
        parent.sendall(result)


def _end_with(parent: socket) -> None:
    """Kill this process and those that it has started once the parent has ended, or closed the socket."""
    while parent.recv(1):
        pass
    os.killpg(0, signal.SIGKILL)


def _use_databases(names: dict[str, str]) -> None:
    """Work on the databases of the parent, which in a test are not those of the settings."""
    from django.conf import settings  # noqa: PLC0415 - found by then

    for alias, name in names.items():
        settings.DATABASES[alias]["NAME"] = name


def _label_transactions(label: str) -> None:
    """Let the server know of each transaction whose it is."""
    from django.db.backends.signals import connection_created  # noqa: PLC0415 - found by then

    from upkeep.operations.leases.labels import Labeller  # noqa: PLC0415

    def add(connection: Any, **_kwargs: Any) -> None:
        if connection.vendor == "postgresql" and not any(isinstance(w, Labeller) for w in connection.execute_wrappers):
            connection.execute_wrappers.append(Labeller(label))

    connection_created.connect(add, weak=False)


def _dumped(value: Any) -> bytes:
    try:
        return b"" if value is None else json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError):
        return b""  # not JSON: the run has no result


if __name__ == "__main__":
    main(int(sys.argv[1]))
