"""The broker, as the core knows it: what `UPKEEP["PUBLISH"]` and `UPKEEP["QUEUE_LENGTH"]` name."""

import logging
from typing import Any

from amqp.exceptions import AMQPError, ChannelError
from kombu.exceptions import OperationalError

from upkeep.operations.models import Run
from upkeep.worker import application

logger = logging.getLogger(__name__)


def publish(run: Run, **options: Any) -> bool:
    """Send a queued run's message; False when the broker cannot be reached."""
    tasks = application.current().tasks
    if run.operation not in tasks:
        logger.warning("run %s stays queued: this process does not know %s", run.pk, run.operation)
        return False
    try:
        tasks[run.operation].send(run, retry=False, **options)
    except (OperationalError, AMQPError, OSError) as error:
        logger.info("run %s stays queued: the broker cannot be reached (%s)", run.pk, type(error).__name__)
        return False
    return True


def queue_length(queue: str) -> int | None:
    """How many messages wait in the queue, not counting those that workers hold; None when nobody can tell."""
    with application.current().connection_for_write() as connection:
        try:
            return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
        except ChannelError:  # Redis keeps no empty queue, and RabbitMQ none that was never declared
            return 0
        except (OperationalError, *connection.connection_errors, *connection.channel_errors):
            return None
