import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from tests import warm
from tests.acceptance.polling import MAX_SECONDS, until

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object that it printed."""
        [line] = self.out.splitlines()
        told: dict[str, Any] = json.loads(line)
        return told


def manage(environment: Mapping[str, str], *arguments: str, **variables: str) -> Ended:
    """What `manage.py` with these arguments did; its input is not a terminal."""
    done = warm.run(["manage.py", *arguments], {**environment, **variables}, seconds=MAX_SECONDS)
    return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def managing(environment: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running `manage.py` with these arguments; it does not outlive the block."""
    command, pipe = [sys.executable, "manage.py", *arguments], subprocess.PIPE
    with warm.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def typed(environment: Mapping[str, str], *arguments: str, prompt: str, answer: str) -> Ended:
    """What `manage.py` did at a terminal where `answer` was typed at the `prompt`; all its output is in `out`."""
    terminal, end = pty.openpty()
    child = warm.fork(["manage.py", *arguments], environment, ROOT, [end] * 3, new_session=True)
    os.close(end)
    out, answered, deadline = "", False, monotonic() + MAX_SECONDS
    while monotonic() < deadline and (text := _read(terminal, deadline)):
        out += text
        if prompt in out and not answered:
            until(
                lambda: _is_waiting(child)
            )  # a signal in the microseconds before it waits is seen with the next key only
            os.write(terminal, answer.encode())
            answered = True
    if monotonic() >= deadline:
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    return Ended(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), out.replace("\r\n", "\n"), "")


def _is_waiting(pid: int) -> bool:
    """Whether the process sleeps in the kernel, as one does that waits for a key."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "S"


def _read(terminal: int, deadline: float) -> str:
    if not select.select([terminal], [], [], max(0, deadline - monotonic()))[0]:
        return ""
    try:
        return os.read(terminal, 4096).decode()
    except OSError:  # on Linux, the end of a terminal
        return ""
