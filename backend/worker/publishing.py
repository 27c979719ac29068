"""Handing a run's message to the broker: what `settings.OPERATIONS_PUBLISH` names."""

import logging

from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError

from backend.operations.models import Run

logger = logging.getLogger(__name__)


def publish(run: Run) -> bool:
    """Send a queued run's message; False, with a warning, when the broker cannot be reached: the run stays queued."""
    from backend import celery_app  # noqa: PLC0415 - made when it is first asked for; it imports this package

    try:
        celery_app.tasks[run.operation].send(run, retry=False)
    except (OperationalError, AMQPError, OSError) as error:
        logger.warning("run %s stays queued: the broker cannot be reached (%s)", run.pk, type(error).__name__)
        return False
    run.refresh_from_db(fields=["sent_at"])
    return True
