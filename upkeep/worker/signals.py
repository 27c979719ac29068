"""What Celery reports about a worker and its messages."""

import signal
from typing import Any

from celery.signals import beat_embedded_init, beat_init, task_revoked, task_unknown, worker_shutting_down

from upkeep.operations import cancellation
from upkeep.worker import handover, receipt
from upkeep.worker.receipt import run_id_of


def hand_over(**_kwargs: Any) -> None:
    """SIGTERM: the batches in flight commit, their runs go back to the queue."""
    handover.request()


def stop_run(request: Any, *, expired: bool = False, signum: int | None = None, **_kwargs: Any) -> None:
    """A revoked run is cancelled, also when its process was killed for that.

    One whose message expired is not: a sweep skips it, unless it has begun by another message.
    """
    run_id = run_id_of(request.id)
    if run_id and not expired:
        cancellation.cancel(run_id, killed=signum not in (None, signal.SIGTERM))  # after a SIGTERM it cancels itself


def refuse_unknown(message: Any, name: str, id: str, **_kwargs: Any) -> None:  # noqa: A002 - Celery's name
    """An entry of Beat's whose operation this worker does not know leaves a failed run."""
    receipt.refuse_unknown(name, id, message.headers)


worker_shutting_down.connect(hand_over)
task_revoked.connect(stop_run)
task_unknown.connect(refuse_unknown)
beat_init.connect(receipt.believe_headers)
beat_embedded_init.connect(receipt.believe_headers)
