"""A call that is carried out in a process of its own: its output is the run's log, and it does not outlive the run."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from socket import socket, socketpair
from typing import IO, Any, cast

from django.db import Error as DatabaseError
from django.db import connections

from upkeep.operations.adoption import child
from upkeep.operations.adoption.output import Output
from upkeep.operations.context import RunContext
from upkeep.operations.errors import HandOver, OperationError, Overtime
from upkeep.operations.leases.connections import current_label, end_namesakes, is_pooled

TICK_SECONDS = 0.5
"""How often the log is written while nothing is printed, and asked whether to stop."""
GRACE_SECONDS = 0.7
"""Between what Ctrl-C would send, after which a command tidies up, and what cannot be caught."""
CHUNK = 64 * 1024
ENVIRONMENT = {
    "DJANGO_COLORS": "nocolor",
    "NO_COLOR": "1",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "PYTHONUNBUFFERED": "1",
    "TERM": "dumb",
}
"""Whatever reads the output is not a terminal, and needs it at once."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a process is to do."""

    path: str
    """Dotted path of a function."""
    arguments: list[Any]
    """JSON values."""
    label: str
    """What people know it by."""
    time_limit: float | None = None
    """In seconds."""
    repeatable: bool = False
    """Whether another process may begin it again after it was stopped."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    """Its exit code; of one that was ended by a signal, minus the signal's number."""
    last_line: str
    result: Any


def follow(call: Call, run: RunContext) -> Ended:
    """Carry out the call, and log what it prints meanwhile.

    Whatever interrupts this, such as a cancellation or a lost claim, ends the process and those that it started.

    Raises:
        OperationError: it took longer than its time limit, or than the worker's soft one.
        HandOver: the worker is stopping, and another one may begin it again.
    """
    ours, theirs = socketpair()
    with ours:
        with theirs:
            process = _Process(theirs, run)
        try:
            with suppress(BrokenPipeError):  # it has ended already: its output says why
                ours.sendall(_order(call))
            process.watch(call)
        finally:
            process.end()
        return Ended(process.code, process.output.last_line, _received(ours))


class _Process:
    """The process of a call, in a session of its own: without a terminal it cannot ask questions."""

    def __init__(self, socket: socket, run: RunContext) -> None:
        self._run = run
        self._label = current_label()
        # Behind a pooler, a label of the whole connection would stay with it when others get it: see `child`.
        name = {} if is_pooled() else {"PGAPPNAME": self._label}
        self.output = Output()
        self._popen = subprocess.Popen(  # noqa: S603 - the file beside this one
            [sys.executable, "-P", child.__file__, str(socket.fileno())],
            pass_fds=[socket.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **ENVIRONMENT, **name},
        )
        self._pipe = cast("IO[bytes]", self._popen.stdout)
        os.set_blocking(self._pipe.fileno(), False)

    @property
    def code(self) -> int:
        return self._popen.wait()

    def watch(self, call: Call) -> None:
        """Log its output until it ends."""
        deadline = time.monotonic() + (call.time_limit or float("inf"))
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while not self._has_ended():
                if selector.select(TICK_SECONDS) and not self._log_output():
                    selector.unregister(self._pipe)  # it closed its output, and goes on
                _check(call, self._run)
                if time.monotonic() > deadline:
                    raise OperationError(f"{call.label} took longer than its time limit of {call.time_limit:g} s")
                self._run.flush()

    def end(self) -> None:
        """End it and all that it started, as Ctrl-C would if it tidies up within moments, and log what it printed."""
        killed = False
        try:
            if not self._has_ended():
                self._signal(signal.SIGINT)
                killed = not self._ends_by(time.monotonic() + GRACE_SECONDS)
        finally:
            self._signal(signal.SIGKILL)
            self._popen.wait()
            while self._log_output():
                pass
            for line in self.output.close():
                self._run.log(line)
            self._pipe.close()
        if killed:
            with suppress(DatabaseError):
                end_namesakes(self._label)  # its statement would go on, and might be committed

    def _ends_by(self, deadline: float) -> bool:
        while not self._has_ended() and time.monotonic() < deadline:
            self._log_output()
            time.sleep(0.02)
        return self._has_ended()

    def _has_ended(self) -> bool:
        """Whether it did; it stays a zombie, so that its number is nobody else's when its group is killed."""
        return os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # on macOS the latter for zombies alone
            os.killpg(self._popen.pid, number)

    def _log_output(self) -> bool:
        """Log what it has printed since; False when nothing can come any more, or nothing is there now."""
        try:
            data = os.read(self._pipe.fileno(), CHUNK)
        except BlockingIOError:
            return False
        for line in self.output.feed(data):
            self._run.log(line)
        return bool(data)


def _check(call: Call, run: RunContext) -> None:
    try:
        run.check()
    except Overtime:
        raise OperationError(f"{call.label} took longer than the worker's soft time limit") from None
    except HandOver:  # what cannot be begun again is waited for, as Celery waits for its tasks
        if call.repeatable:
            raise


def _order(call: Call) -> bytes:
    databases = {alias: str(connections[alias].settings_dict["NAME"]) for alias in connections}
    order = {"path": sys.path, "databases": databases, "call": call.path, "arguments": call.arguments}
    order["label"] = current_label() if is_pooled() else ""
    return json.dumps(order).encode() + b"\n"


def _received(ours: socket) -> Any:
    with ours.makefile("rb") as answer:
        found = answer.read()
    return json.loads(found) if found else None
