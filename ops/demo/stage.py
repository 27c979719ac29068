"""Where the demo shows commands and what they print."""

import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from ops.processes import ROOT, Process, stop

T = TypeVar("T")
Lines = list[str]
STEP_SECONDS = 300.0
"""What takes longer has failed."""


class StepFailedError(Exception):
    """A step did not end as it should: the demo ends here. Says why."""


def whole(lines: Lines) -> Lines:
    """All that a command printed."""
    return lines


class Stage:
    """Runs commands as a user would, and processes beside them, as long as all goes well."""

    def __init__(self, console: Console, home: Path, life: int) -> None:
        self.console = console
        self.home = home
        self._life = life
        self._processes: list[Process] = []

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process that runs until the end of the demo."""
        process = Process(name, command, self.home / "log" / f"{name}.log", life=self._life)
        self._processes.append(process)
        process.start()

    def stop(self) -> None:
        """End what was started."""
        stop(self._processes)

    def title(self, title: str, command: str = "") -> None:
        """Say what is done next."""
        self.console.print(f"\n[bold]{title}[/bold]", highlight=False)
        if command:
            self.console.print(f"$ {command}", style="dim", highlight=False, markup=False, soft_wrap=True)

    def step(self, title: str, *words: str, code: int = 0, shows: Callable[[Lines], Lines] = whole) -> None:
        """Run `manage.py` with these words, and show of its output what `shows` leaves.

        Raises StepFailedError when it does not end with `code`.
        """
        self.title(title, f"manage.py {shlex.join(words)}")
        ended, lines = self._run([sys.executable, "manage.py", *words])
        self.show(shows(lines) if ended == code else lines)
        if ended != code:
            raise StepFailedError(f"exit code {ended} instead of {code}")
        if code:
            self.show([f"exit code {code}"])

    def show(self, lines: Lines) -> None:
        """Print the lines, none longer than the terminal is wide."""
        for line in lines:
            indent = " " * (len(line) - len(line.lstrip()) + 4)
            wrapped = textwrap.wrap(line, self.console.width, subsequent_indent=indent, break_on_hyphens=False)
            self.console.print("\n".join(wrapped), highlight=False, markup=False, soft_wrap=True)

    def until(self, look: Callable[[], T | None]) -> T:
        """What `look` returns as soon as there is something. Raises StepFailedError when that does not happen."""
        deadline = time.monotonic() + STEP_SECONDS
        with self.console.status("working"):
            while (found := look()) is None:
                self._check(deadline)
                time.sleep(0.1)
        return found

    def _run(self, command: Sequence[str]) -> tuple[int, Lines]:
        output, nothing = subprocess.PIPE, subprocess.DEVNULL
        with subprocess.Popen(  # noqa: S603 - our own words
            command, cwd=ROOT, stdin=nothing, stdout=output, stderr=subprocess.STDOUT, pass_fds=(self._life,)
        ) as child:
            try:
                printed = self.until(lambda: _printed(child))
            except BaseException:
                child.terminate()
                raise
        return child.returncode, printed.decode("utf-8", "replace").splitlines()

    def _check(self, deadline: float) -> None:
        for process in self._processes:
            if process.ended():
                raise StepFailedError(f"the {process.name} ended: {_last_line(process.log)} (see {process.log})")
        if time.monotonic() > deadline:
            raise StepFailedError(f"nothing happened in {STEP_SECONDS:.0f} seconds: see {self.home / 'log'}")


def _printed(child: "subprocess.Popen[bytes]") -> bytes | None:
    """All that it printed, once it has ended."""
    try:
        return child.communicate(timeout=0.1)[0]
    except subprocess.TimeoutExpired:
        return None


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it left no log"]
    return lines[-1].strip()
