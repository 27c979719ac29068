"""A message as the worker's parent process sees it."""

from celery.worker import state
from celery.worker.request import Request
from django.db.models import Q

from backend.operations.models import Run
from backend.operations.states import Status
from backend.worker.receipt import run_id_of


class RunRequest(Request):  # type: ignore[misc]  # Celery has no annotations
    """Believes the run's row, where Celery believes its own memory of what was revoked in the last hours."""

    def revoked(self) -> bool:
        """Whether not to run it. A run that was resumed after it was revoked is to run."""
        if self.id in state.revoked and _resumed(self.id):
            state.revoked.discard(self.id)
        return bool(super().revoked())


def _resumed(task_id: str) -> bool:
    known, run_id = Q(attempt__gt=0) | Q(not_before__isnull=False), run_id_of(task_id)
    return run_id is not None and Run.objects.filter(known, pk=run_id, status=Status.QUEUED).exists()
