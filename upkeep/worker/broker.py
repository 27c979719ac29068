"""The broker, as the core knows it: what `UPKEEP["PUBLISH"]` and `UPKEEP["QUEUE_LENGTH"]` name."""

import logging
from typing import Any

from amqp.exceptions import AMQPError, ChannelError
from kombu.exceptions import OperationalError

from upkeep.operations.models import Run

logger = logging.getLogger(__name__)


def publish(run: Run, **options: Any) -> bool:
    """Send a queued run's message; False when the broker cannot be reached."""
    from backend import celery_app  # noqa: PLC0415 - made when it is first asked for; it imports this package

    if run.operation not in celery_app.tasks:
        logger.warning("run %s stays queued: this process does not know %s", run.pk, run.operation)
        return False
    try:
        celery_app.tasks[run.operation].send(run, retry=False, **options)
    except (OperationalError, AMQPError, OSError) as error:
        logger.info("run %s stays queued: the broker cannot be reached (%s)", run.pk, type(error).__name__)
        return False
    return True


def queue_length(queue: str) -> int | None:
    """How many messages wait in the queue, not counting those that workers hold; None when nobody can tell."""
    from backend import celery_app  # noqa: PLC0415 - as above

    with celery_app.connection_for_write() as connection:
        try:
            return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
        except ChannelError:  # Redis keeps no empty queue, and RabbitMQ none that was never declared
            return 0
        except (OperationalError, *connection.connection_errors, *connection.channel_errors):
            return None
