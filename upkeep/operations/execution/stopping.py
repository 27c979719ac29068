"""Stopping a run: from the database, from the terminal, from a worker that shuts down.

The executor's main thread is interrupted by a signal, which breaks a request, a sleep or a statement; where there is no
main thread to interrupt, the run stops between two batches.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.db import DatabaseError, InterfaceError, connection

from upkeep.conf import conf
from upkeep.operations.errors import HandOver, Overtime, RunInterrupted
from upkeep.operations.leases import claims
from upkeep.operations.models import Run

SIGNAL = signal.SIGUSR2
"""Celery's pool has its own use for SIGUSR1 and SIGTERM."""
SOFT_TIME_LIMIT = signal.SIGUSR1
"""What the pool's parent sends then."""


class Control:
    """Tells one run, between its batches and in the middle of them, that it is to stop."""

    def __init__(self, run: Run, *, hand_over: Callable[[], bool], pooled: bool) -> None:
        self._run = run
        self._pooled = pooled
        self._hand_over = hand_over
        self._cancelled = threading.Event()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._executor = threading.current_thread()
        self.interrupted = False
        """Whether the main thread was interrupted, whatever it made of that."""
        self.overtime = False
        """Whether it is to stop because a worker's soft time limit has passed."""

    def check(self) -> None:
        """Raise RunInterrupted or HandOver when the run is to stop."""
        if self._cancelled.is_set():
            raise RunInterrupted
        if self._stopping.is_set() or self._hand_over():
            raise Overtime if self.overtime else HandOver

    @contextmanager
    def watched(self, *, foreground: bool) -> Iterator[None]:
        """While the body runs, its lease is renewed, and its cancellation interrupts it."""
        watch = threading.Thread(target=self._watch, name="run-watch", daemon=True)
        with self._signals(foreground=foreground):
            watch.start()
            try:
                yield
            finally:
                self._ended.set()
                watch.join()

    @contextmanager
    def _signals(self, *, foreground: bool) -> Iterator[None]:
        if self._executor is not threading.main_thread():
            yield
            return
        handlers = {SIGNAL: self._interrupt}
        if foreground:
            handlers |= {signal.SIGTERM: self._interrupt, signal.SIGINT: self._interrupt}
            if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else it runs under nohup
                handlers |= {signal.SIGHUP: self._interrupt}  # its terminal is gone
        elif self._pooled:  # else the process is the worker itself, which stops at them and asks for a hand-over
            handlers |= {signal.SIGTERM: self._stop, SOFT_TIME_LIMIT: self._stop_overtime}
        before: dict[signal.Signals, Any] = {name: signal.signal(name, handlers[name]) for name in handlers}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if not self._ended.is_set():
            self.interrupted = True
            raise RunInterrupted

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _stop_overtime(self, _number: int, _frame: FrameType | None) -> None:
        self.overtime = True
        self._stopping.set()

    def _watch(self) -> None:
        renewals = max(1, int(conf().LEASE_SECONDS / 4 / conf().POLL_SECONDS))
        polls = 0
        try:
            while not self._ended.wait(conf().POLL_SECONDS):
                polls += 1
                self._poll(renew=polls % renewals == 0)
        finally:
            connection.close()

    def _poll(self, *, renew: bool) -> None:
        try:
            cancel_at = Run.objects.filter(pk=self._run.pk).values_list("cancel_at", flat=True).first()
            if renew:
                claims.renew(self._run.pk, self._run.attempt)
        except (DatabaseError, InterfaceError):
            connection.close()  # the next poll makes a new one
            return
        # Also once more after a signal that was caught: Python drops what is raised in a callback or a destructor.
        if cancel_at is not None or self.interrupted:
            self._cancelled.set()
            if self._executor is threading.main_thread() and self._executor.ident and not self._ended.is_set():
                signal.pthread_kill(self._executor.ident, SIGNAL)
