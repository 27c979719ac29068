"""The processes of a running stack: started together, started again when they die, stopped together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESTART_SECONDS = 2.0
STOP_SECONDS = 20.0


def celery(*arguments: str) -> list[str]:
    """The command line of a Celery program on our app."""
    return [sys.executable, "-m", "celery", "-A", "backend", *arguments]


@dataclass
class Process:
    """One program of the stack, its output in a log file."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    life: int | None = None
    """A descriptor that it inherits, by which it is found should we be killed: see `ops.holding`."""
    _popen: "subprocess.Popen[bytes] | None" = None
    _started: float = 0.0

    def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C in the terminal reaches only us."""
        self._kill_group()  # what a former one that died has left running
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - our own command lines
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=() if self.life is None else (self.life,),
            )
        self._started = time.monotonic()

    def died(self) -> bool:
        """Whether it ended by itself, and long enough after its start to try again."""
        return self.ended() and time.monotonic() - self._started > RESTART_SECONDS

    def ended(self) -> bool:
        """Whether it was started and has ended."""
        return self._popen is not None and self._popen.poll() is not None

    def stop(self) -> None:
        """Ask it to end."""
        if self._popen and self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Wait until it ended. If it does not, it is killed; and so are the children of it that are left."""
        if self._popen is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(STOP_SECONDS)
        self._kill_group()
        self._popen.wait()

    def _kill_group(self) -> None:
        if self._popen:
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)


def stop(processes: Sequence[Process]) -> None:
    """End all of them."""
    for process in processes:
        process.stop()
    for process in processes:
        process.wait()
