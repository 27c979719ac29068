import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from upkeep.embedded import locks
from upkeep.embedded.errors import ServerFailedError
from upkeep.embedded.polling import attempts

PROC = Path("/proc")
STOP_SECONDS = 30.0
QUIT_SECONDS = 1.0
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class Server:
    """A detached server process and its children, known by a lock that they hold: a pid alone proves nothing."""

    name: str
    folder: Path
    """Where the server works: its current folder. Resolved, as `life` and `log` are."""
    life: Path
    """A file that the server and its children keep locked while any of them lives; it holds the server's pid."""
    log: Path

    def is_alive(self) -> bool:
        """Whether the server, or a child that it left behind, lives."""
        return locks.is_held(self.life)

    def pid(self) -> int | None:
        """The server's process; None when it has ended, or when the process of that number is not ours."""
        if not self.is_alive():
            return None
        try:
            pid = int(self.life.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return pid if not PROC.is_dir() or self._owns(PROC / str(pid)) else None  # macOS has no /proc: the lock must do

    def launch(self, command: Sequence[str | Path]) -> None:
        """Start `command` as the server: in its own session, its output in `log`, independent of this process."""
        self.kill()  # what a deleted and recreated folder left running
        if self.log.exists():
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        launcher = Path(__file__).with_name("launcher.py")
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as log:
            subprocess.run(  # noqa: S603 - our own words
                [sys.executable, "-I", "-S", launcher, self.life, self.folder, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                start_new_session=True,
                check=False,  # what matters is whether the server lives, which the caller watches
            )

    def stop(self, by: signal.Signals) -> bool:
        """End the server by a signal that it takes for an orderly shutdown; False when there was nothing to end."""
        if not self.is_alive():
            return False
        if (pid := self.pid()) is not None:
            _send(pid, by)
            if self._ends_within(STOP_SECONDS):
                return True
        self.kill()
        if not self._ends_within(KILL_SECONDS):
            raise ServerFailedError(f"{self.name} does not stop; see {self.log}")
        return True

    def kill(self) -> None:
        """End every process of this server, also of one whose folder has been deleted."""
        for by, seconds in ((signal.SIGQUIT, QUIT_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
            for pid in self._pids():
                _send(pid, by)
            if self._vanishes_within(seconds):
                return

    def complaint(self) -> str:
        """The line of the log that says why the server ended."""
        with suppress(OSError):
            return complaint(self.log.read_text(encoding="utf-8", errors="replace"))
        return "it left no log"

    def _ends_within(self, seconds: float) -> bool:
        return any(not self.is_alive() for _ in attempts(seconds))

    def _vanishes_within(self, seconds: float) -> bool:
        return any(not self._pids() for _ in attempts(seconds))

    def _pids(self) -> list[int]:
        if not PROC.is_dir():
            return [pid] if (pid := self.pid()) is not None else []
        return [int(process.name) for process in PROC.glob("[0-9]*") if self._owns(process)]

    def _owns(self, process: Path) -> bool:
        """Whether a process works in our folder and has our `life` open: no other program does both."""
        if _target(process / "cwd") not in _names(self.folder):
            return False
        # Paths prove something only to those who see the same files: another container may have the same ones.
        if _target(process / "ns/mnt") != _target(PROC / "self/ns/mnt"):
            return False
        with suppress(OSError):
            return any(_target(opened) in _names(self.life) for opened in (process / "fd").iterdir())
        return False


def environment() -> dict[str, str]:
    """The servers' environment: what finds programs and libraries, and none of the secrets in ours."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {"LC_ALL": "C", "TZ": "UTC"} | {name: os.environ[name] for name in kept if name in os.environ}


def complaint(text: str) -> str:
    """The line of a program's output that says why it ended."""
    lines = text.strip().splitlines() or ["it gave no reason"]
    return next((line for line in reversed(lines) if re.search("ERROR|FATAL|PANIC", line)), lines[-1]).strip()


def _send(pid: int, by: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, by)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _names(path: Path) -> tuple[str, str]:
    """How /proc names `path`: as it is, and after it was deleted."""
    return str(path), f"{path} (deleted)"
