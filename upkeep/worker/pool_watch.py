"""What the pool's processes cannot do themselves: hand over however the worker stops, and end when they are frozen."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.worker import state
from django.db import Error as DatabaseError
from django.db import connection

from upkeep.conf import conf
from upkeep.operations.leases import claims, losses
from upkeep.operations.models import Run
from upkeep.operations.states import Status
from upkeep.worker import handover
from upkeep.worker.request import RunRequest

logger = logging.getLogger(__name__)
FROZEN = "Tt"
"""States of a process that a signal or a debugger has stopped."""


class PoolWatch(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no annotations
    """Looks for frozen processes every second, and sees to it that none holds up a stopping worker."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._pool: Any = None
        self._closing = threading.Event()
        self._serving: set[int] = set()
        self._logged: set[int] = set()
        self._unheld_since: dict[int, float] = {}

    def start(self, parent: Any) -> None:
        """Start the thread, which lasts as long as the process: the pool is joined after all steps have stopped."""
        self._pool, wait = parent.pool, parent.wait_for_soft_shutdown

        def wait_for_handed_over() -> None:
            handover.request()
            wait()

        parent.wait_for_soft_shutdown = wait_for_handed_over  # which Celery announces to nobody before its end
        threading.Thread(target=self._watch, name="pool-watch", daemon=True).start()

    def close(self, parent: Any) -> None:  # noqa: ARG002 - Celery's signature
        """The worker begins to stop: at a signal, a remote control's shutdown, an error that it cannot mend.

        Celery sends its signal `worker_shutting_down` at signals alone.
        """
        handover.request()
        requests = [request for request in state.active_requests if isinstance(request, RunRequest)]
        self._serving = {request.worker_pid for request in requests if request.worker_pid}
        self._closing.set()

    def _watch(self) -> None:
        processes: list[int] = []
        while True:
            closing = self._closing.wait(0 if self._closing.is_set() else conf().POLL_SECONDS)
            with suppress(AttributeError):  # Celery drops the pool's processes at the end
                processes = self._pool.info.get("processes") or processes
            try:
                self._log_frozen(processes)
                if closing:
                    self._end_overdue()
            except DatabaseError:
                connection.close()  # the next look makes a new one
            if closing:
                self._wake(processes)
                time.sleep(conf().POLL_SECONDS)

    def _log_frozen(self, processes: Iterable[int]) -> None:
        frozen = {pid for pid in processes if is_frozen(pid)}
        self._logged &= frozen
        for pid in frozen - self._logged:
            run = Run.objects.filter(executor=claims.executor(pid), status=Status.RUNNING).first()
            what = f"in run {run.pk} of {run.operation}, which others take up unless it goes on" if run else "idle"
            logger.warning("process %s of the pool was frozen, by a signal or a debugger: %s", pid, what)
            self._logged.add(pid)

    def _wake(self, processes: Iterable[int]) -> None:
        """As systemd does: what was frozen cannot stop. It commits its batch, or finds that it has lost its run."""
        for pid in filter(is_frozen, processes):
            os.kill(pid, signal.SIGCONT)

    def _end_overdue(self) -> None:
        """Kill what has had a message, and for the time of a lease no run: it hangs, and has nothing to lose."""
        for pid in filter(_is_ours, tuple(self._serving)):
            leased = Run.objects.filter(status=Status.RUNNING, lease_until__gt=claims.DatabaseNow())
            if leased.filter(executor=claims.executor(pid)).exists():
                self._unheld_since.pop(pid, None)
            elif time.monotonic() - self._unheld_since.setdefault(pid, time.monotonic()) > conf().LEASE_SECONDS:
                logger.warning("process %s of the pool has lost its run and does not stop: it is killed", pid)
                self._serving.discard(pid)
                os.kill(pid, signal.SIGKILL)
                losses.release_of(claims.executor(pid), cause="it did not stop")


def is_frozen(pid: int) -> bool:
    """Whether this is a child of this process, and stopped. Only Linux says so."""
    return (_state_of(pid) or "-") in FROZEN


def _is_ours(pid: int) -> bool:
    return _state_of(pid) is not None


def _state_of(pid: int) -> str | None:
    """See proc(5); None when it is no child of this process (any more): its number may be another's by now."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return state if int(parent) == os.getpid() else None
