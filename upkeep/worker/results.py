"""Celery's results, read from the runs: there is no second copy to keep."""

from typing import Any

from celery import states
from celery.backends.base import BaseBackend
from celery.contrib.abortable import ABORTED
from celery.exceptions import TaskRevokedError

from upkeep.operations import cancellation
from upkeep.operations.errors import OperationError
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.states import ENDED, Status
from upkeep.worker.receipt import run_id_of

CELERY_STATES = {
    Status.QUEUED: states.PENDING,
    Status.RUNNING: states.STARTED,
    Status.SUCCEEDED: states.SUCCESS,
    Status.FAILED: states.FAILURE,
    Status.CANCELLED: states.REVOKED,
    Status.SKIPPED: states.REVOKED,  # with IGNORED, which is in none of Celery's sets of states, `get()` waits for ever
}


class RunBackend(BaseBackend):  # type: ignore[misc]  # Celery has no annotations
    """`AsyncResult(run.id)` answers from the run's row; aborting one cancels its run."""

    supports_autoexpire = True

    def mark_as_revoked(self, task_id: str, reason: str = "", *_args: Any, **_kwargs: Any) -> None:
        """A run that was revoked before its start is cancelled at once, wherever its message waits."""
        if reason == "revoked" and (run_id := run_id_of(task_id)):
            cancellation.cancel(run_id)

    def task_result_exists(self, task_id: str) -> bool:
        """Whether there is such a run, also while it is queued."""
        run_id = run_id_of(task_id)
        return run_id is not None and Run.objects.filter(pk=run_id).exists()

    def _store_result(self, task_id: str, result: Any, state: str, *_args: Any, **_kwargs: Any) -> Any:
        if state == ABORTED and (run_id := run_id_of(task_id)):
            cancellation.cancel(run_id)
        return result

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        run_id = run_id_of(task_id)
        run = Run.objects.filter(pk=run_id).first() if run_id else None
        if run is None:
            return {"status": states.PENDING, "result": None}
        # No process has it: so it is not for one of them to stop it when it is revoked.
        waits = run.status == Status.RUNNING and run.lease_until is None
        return {
            "task_id": task_id,
            "status": states.RECEIVED if waits else CELERY_STATES[Status(run.status)],
            "result": _result(run),
            "traceback": None,
        }

    def _forget(self, task_id: str) -> None:
        """A run's record is not Celery's to delete."""

    def cleanup(self) -> None:
        """Old runs are deleted by an operation."""

    def _save_group(self, group_id: str, result: Any) -> Any:  # noqa: ARG002 - Celery's signature
        return result


def _result(run: Run) -> Any:
    if run.status == Status.FAILED:
        return OperationError(run.error)
    if run.status in (Status.CANCELLED, Status.SKIPPED):  # Celery expects an exception in this state
        return TaskRevokedError(f"run {run.pk} was {run.status}{run.error and f': {run.error}'}")
    return Outcome.of(run).as_json() if run.status in ENDED else None
