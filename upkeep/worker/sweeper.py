"""Each worker's own timer: it finds runs that are not executing, without Beat and whatever the broker has lost."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any

from celery import bootsteps
from django.db import Error as DatabaseError
from django.db import connection

from upkeep.conf import conf
from upkeep.operations.delivery import sweep as runs
from upkeep.operations.execution.failures import explanation
from upkeep.operations.leases import claims, losses
from upkeep.operations.leases.losses import Released

logger = logging.getLogger(__name__)
_lost: "SimpleQueue[tuple[int, str] | None]" = SimpleQueue()
"""Processes of this worker's pool that ended in the middle of a run, and why; None: the worker stops."""


def lost(pid: int | None, cause: str) -> None:
    """Tell that a process of this worker's pool is gone."""
    if pid is not None:
        _lost.put((pid, cause))


class Recovery(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no annotations
    """Sweeps as long as the worker runs."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._look: Any = None
        self._thread = threading.Thread(target=_watch, name="recovery", daemon=True)

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        """Look for dead processes every second.

        Celery does when one closes its files, which may be a moment before it can be found dead; then every 5 seconds.
        """
        if self._look:
            self._look.cancel()  # this is called again after every loss of the broker
        self._look = hub.call_repeatedly(conf().POLL_SECONDS, parent.pool.maintain_pool)

    def start(self, parent: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Start the thread."""
        self._thread.start()

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - Celery's signature
        """End the thread once its sweep is done."""
        _lost.put(None)
        self._thread.join(conf().SWEEP_SECONDS)


def _watch() -> None:
    down, gone = False, deque[tuple[int, str]]()
    while True:
        try:
            process = _lost.get(timeout=conf().SWEEP_SECONDS)
            if process is None:
                break
            gone.append(process)
        except Empty:
            pass  # then it is time to sweep
        try:
            _recover(gone)
            down = False
        except DatabaseError as error:
            if not down:
                message = "the database cannot be reached (%s): runs are recovered when it is back"
                logger.warning(message, explanation(error))
            down = True
            connection.close()
        except Exception:  # a worker whose sweeps have ended would look as if all were well
            logger.exception("a sweep failed: the next one is in %g s", conf().SWEEP_SECONDS)
    connection.close()


def _recover(gone: "deque[tuple[int, str]]") -> None:
    """Take their runs from the processes that are `gone`, and sweep; who is taken care of leaves `gone`."""
    while gone:
        pid, cause = gone[0]
        _log(losses.release_of(claims.executor(pid), cause=cause))
        gone.popleft()
    _log(runs.sweep().released)


def _log(released: Sequence[Released]) -> None:
    for run in released:
        logger.warning("run %s of %s lost its executor %s; it is %s", run.id, run.operation, run.executor, run.status)
