"""The messages of queued runs. The row says that there is one; a message that is lost is sent again."""

from collections.abc import Collection, Iterable, Sequence
from enum import Enum, auto
from typing import Any, Protocol
from uuid import UUID

from upkeep.operations.errors import OperationError
from upkeep.operations.models import Run
from upkeep.operations.states import Status


class Audience(Enum):
    """Who would take a message."""

    SOMEBODY = auto()
    NOBODY = auto()
    """No worker takes the queue."""
    IGNORANT = auto()
    """Workers take the queue, and none of them knows the operation."""
    UNKNOWN = auto()
    """The broker does not answer."""


class Broker(Protocol):
    """What sends messages."""

    def publish(self, runs: Sequence[Run], **options: Any) -> Collection[UUID]:
        """Hand the messages of runs to the broker; returns the runs whose messages the broker surely has."""

    def queue_length(self, queue: str) -> int | None:
        """How many messages wait in the broker's queue; None when the broker cannot be reached."""

    def audience(self, queue: str, operation: str) -> Audience:
        """Who would take a message of this operation in this queue; asks the workers, for about a second."""


_broker: Broker | None = None


def connect(broker: Broker | None) -> Broker | None:
    """Send messages by this broker from now on; returns the one before. `upkeep.worker` does so when Django starts."""
    global _broker
    before, _broker = _broker, broker
    return before


def check() -> None:
    """Raise OperationError when this project sends no messages: what is recorded for a worker would never run."""
    _connected()


def publish(run: Run, **options: Any) -> bool:
    """Send the message of a queued run whose `sent_at` says so already.

    False, and `sent_at` empty, when the broker cannot be reached: the run is sent when it is back.
    """
    return bool(publish_many([run], **options))


def publish_many(runs: Iterable[Run], **options: Any) -> list[UUID]:
    """Send them as `publish` does, in their order and in one go where the broker can; returns those that were sent."""
    given = list(runs)
    sent = set(_connected().publish(given, **options))
    mark_unsent(*(run for run in given if run.pk not in sent))
    return [run.pk for run in given if run.pk in sent]


def mark_unsent(*runs: Run) -> None:
    """Note that these queued runs have no message."""
    if runs:
        Run.objects.filter(pk__in=[run.pk for run in runs], status=Status.QUEUED).update(sent_at=None)
    for run in runs:
        run.sent_at = None


def length(queue: str) -> int | None:
    """How many messages wait in the broker's queue; None when the broker cannot be reached."""
    return _connected().queue_length(queue)


def audience(run: Run) -> Audience:
    """Who would take the message of a queued run; see `Broker.audience`."""
    return _connected().audience(run.queue, run.operation)


def _connected() -> Broker:
    if _broker is None:
        raise OperationError(
            "this project has no workers: add 'upkeep.worker' to INSTALLED_APPS, and call upkeep.worker.setup(app) "
            "where the Celery app is made. Or run it here: without --enqueue and --wait, or by `run_task NAME --sync`"
        )
    return _broker
