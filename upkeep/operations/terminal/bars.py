"""A line for each step of a run in progress. Importing this loads rich (10 MB), which only a terminal needs."""

import logging
import sys
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Any, Self, cast

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from upkeep.operations import streams
from upkeep.operations.terminal.escaping import plain, plain_lines

SLOW = 10
"""Items a second below which a rate has a decimal."""


class StepBars:
    """On stderr: a bar with rate and time left for a step whose total is known, and count and rate for any other.

    What is written on the terminal in the meantime, by the logging of the process too, stands above them.
    """

    def __init__(self) -> None:
        console = Console(file=cast("IO[str]", streams.Unfailing(sys.stderr)))
        columns = (TextColumn("{task.description}", markup=False), KnownBar(), Amount(), Rate(), KnownTimeLeft())
        self._progress = Progress(*columns, console=console, transient=True)
        self._steps: dict[str, TaskID] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._progress)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and streams.is_terminal(handler.stream):
                self._stack.callback(handler.setStream, handler.setStream(sys.stderr))  # the one of the bars
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def advance(self, step: str, processed: int, total: int | None) -> None:
        """Show how far the step is."""
        if step not in self._steps:
            self._steps[step] = self._progress.add_task(plain(step) or "processed", total=total)
        self._progress.update(self._steps[step], completed=processed, total=total)

    def write_above(self, line: str) -> None:
        """Write the line above them, or those of an item with several."""
        self._progress.console.print(Text(plain_lines(line)), soft_wrap=True)


class KnownBar(BarColumn):
    """A bar, if the total is known."""

    def render(self, task: Task) -> Any:
        """Show nothing without a total: a bar would be misleading."""
        return Text() if task.total is None else super().render(task)


class Amount(ProgressColumn):
    """How many items of how many."""

    def render(self, task: Task) -> RenderableType:
        """Show `1,204 of 5,000`, or `1,204`."""
        done = f"{task.completed:,.0f}"
        return Text(done if task.total is None else f"{done} of {task.total:,.0f}", style="progress.download")


class Rate(ProgressColumn):
    """Items a second."""

    def render(self, task: Task) -> RenderableType:
        """Show `35/s`, over the last 30 seconds."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.{int(speed < SLOW)}f}/s" if speed else "", style="progress.data.speed")


class KnownTimeLeft(TimeRemainingColumn):
    """How long it will take, if the total is known."""

    def render(self, task: Task) -> Text:
        """Show hours, minutes and seconds, and nothing while they are not known."""
        return Text() if task.total is None or task.time_remaining is None else super().render(task)
