"""The messages of queued runs. The row says that there is one; a message that is lost is sent again."""

from typing import Any, Protocol

from django.apps import apps
from django.utils.module_loading import import_string

from upkeep.conf import conf
from upkeep.operations.errors import OperationError
from upkeep.operations.models import Run
from upkeep.operations.states import Status

WORKER = "upkeep.worker"
"""The app whose functions the settings name by default."""


class Publish(Protocol):
    """What `UPKEEP["PUBLISH"]` names."""

    def __call__(self, run: Run, **options: Any) -> bool:
        """Hand the run's message to the broker; False when the broker cannot be reached."""


class QueueLength(Protocol):
    """What `UPKEEP["QUEUE_LENGTH"]` names."""

    def __call__(self, queue: str) -> int | None:
        """How many messages wait in the broker's queue; None when the broker cannot be reached."""


def check() -> None:
    """Raise OperationError when this project sends no messages: what is recorded for a worker would never run."""
    # Unlike `is_installed`, it also knows the apps that a TransactionTestCase hides.
    if conf().PUBLISH.startswith(WORKER) and "upkeep_worker" not in apps.all_models:
        raise OperationError(
            f"this project has no workers: add {WORKER!r} to INSTALLED_APPS, and call upkeep.worker.setup(app) where "
            "the Celery app is made. Or run it here: without --enqueue and --wait, or by `run_task NAME --sync`"
        )


def publish(run: Run, **options: Any) -> bool:
    """Send the message of a queued run whose `sent_at` says so already.

    False, and `sent_at` empty, when the broker cannot be reached: the run is sent when it is back.
    """
    send: Publish = import_string(conf().PUBLISH)
    if send(run, **options):
        return True
    mark_unsent(run)
    return False


def mark_unsent(run: Run) -> None:
    """Note that a queued run has no message."""
    Run.objects.filter(pk=run.pk, status=Status.QUEUED).update(sent_at=None)
    run.sent_at = None


def length(queue: str) -> int | None:
    """How many messages wait in the broker's queue; None when the broker cannot be reached."""
    count: QueueLength = import_string(conf().QUEUE_LENGTH)
    return count(queue)
