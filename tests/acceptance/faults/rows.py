"""The work under test: rows that are to be incremented exactly once, and the processes that do it."""

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from uuid import UUID

from tests.acceptance.films import copies, shelf
from tests.acceptance.polling import until
from tests.operations.increment_rows import IncrementRows, increment_rows
from upkeep.operations import submission
from upkeep.operations.models import Run

ROWS = 20_000


def filled(rows: int = ROWS) -> None:
    """So many rows that are all at 1."""
    shelf(rows)


def enqueued(*, rows: int, pause: float = 0.0, key: str = "") -> UUID:
    """A run that increments all rows, so many a transaction."""
    run_id: UUID = submission.enqueue(increment_rows, IncrementRows(rows=rows, pause=pause, key=key)).pk
    return run_id


def once(rows: int = ROWS, times: int = 1) -> Counter[int]:
    """What `copies()` is when each row was incremented so often."""
    return Counter({1 + times: rows})


def check_once(rows: int = ROWS, times: int = 1) -> None:
    """Raise AssertionError unless each row was incremented exactly so often."""
    assert copies() == once(rows, times)


def executor(run_id: UUID | str) -> int:
    """The process that runs it."""
    return int(Run.objects.values_list("executor", flat=True).get(pk=run_id).rpartition(":")[2])


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def resumed(run: Run, seconds: float) -> float:
    """How long it takes until another executor has the run, or it has ended. Raises AssertionError when longer."""
    started = time.monotonic()
    later = Run.objects.filter(pk=run.pk).exclude(attempt=run.attempt)
    ended = Run.objects.filter(pk=run.pk, status="succeeded")
    until(lambda: (later | ended).filter(status__in=["running", "succeeded"]).first(), seconds, why="not resumed")
    return time.monotonic() - started
