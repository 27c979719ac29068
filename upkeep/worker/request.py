"""A message as the worker's parent process sees it."""

from typing import Any

from billiard.exceptions import Terminated, WorkerLostError
from celery.worker import state
from celery.worker.request import Request
from django.db.models import Q

from upkeep.operations.models import Run
from upkeep.worker import sweeper
from upkeep.worker.receipt import run_id_of


class RunRequest(Request):  # type: ignore[misc]  # Celery has no annotations
    """Believes the run's row, where Celery believes its own memory of what was revoked in the last hours."""

    def revoked(self) -> bool:
        """Whether not to run it. A run that was resumed after it was revoked is to run."""
        if self.id in state.revoked and _has_begun(self.id):
            state.revoked.discard(self.id)
        return bool(super().revoked())

    def on_failure(self, exc_info: Any, *args: Any, **kwargs: Any) -> Any:
        """Its process has ended in the middle of a run: others need not wait until its lease has passed."""
        error = _unwrapped(exc_info)
        if isinstance(error, Terminated) and self.id not in state.revoked:
            # Meant for an earlier run, after which the process went on; billiard does not forget it.
            exc_info = self._worker_lost_info(error)
            error = _unwrapped(exc_info)
        if isinstance(error, (WorkerLostError, SystemExit)):
            sweeper.lost(self.worker_pid, str(error))
        return super().on_failure(exc_info, *args, **kwargs)

    def on_timeout(self, soft: bool, timeout: float) -> None:  # noqa: FBT001 - Celery's signature
        """The hard time limit ends its process; at the soft one the process hands its run over by itself."""
        super().on_timeout(soft, timeout)
        if not soft:
            sweeper.lost(self.worker_pid, f"it ran longer than the hard time limit of {timeout:g} s")


def _unwrapped(exc_info: Any) -> BaseException:
    """The exception itself: billiard wraps it, to have its traceback."""
    error: BaseException = getattr(exc_info.exception, "exc", exc_info.exception)
    return error


def _has_begun(task_id: str) -> bool:
    """Whether it was claimed or resumed: what was revoked before is cancelled, or was meant for what it was then."""
    known, run_id = Q(attempt__gt=0) | Q(not_before__isnull=False), run_id_of(task_id)
    return run_id is not None and Run.objects.filter(known, pk=run_id).exists()
