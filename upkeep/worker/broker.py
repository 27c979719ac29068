"""The broker, as the core knows it: see `upkeep.operations.broker.Broker`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amqp.exceptions import AMQPError, ChannelError
from kombu import Connection
from kombu.exceptions import OperationalError

from upkeep.operations.broker import Audience
from upkeep.operations.models import Run
from upkeep.worker import application

logger = logging.getLogger(__name__)
UNREACHABLE = (OperationalError, AMQPError, OSError)
ANSWER_SECONDS = 1.0
"""How long workers have to say what they take and know."""


def publish(run: Run, **options: Any) -> bool:
    """Send a queued run's message; False when the broker cannot be reached."""
    tasks = application.current().tasks
    if run.operation not in tasks:
        logger.warning("run %s stays queued: this process does not know %s", run.pk, run.operation)
        return False
    try:
        tasks[run.operation].send(run, retry=False, **options)
    except UNREACHABLE as error:
        logger.info("run %s stays queued: the broker cannot be reached (%s)", run.pk, type(error).__name__)
        return False
    return True


def queue_length(queue: str) -> int | None:
    """How many messages wait in the queue, not counting those that workers hold; None when that is unknown."""
    try:
        with _connected() as connection:
            try:
                return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
            except ChannelError:  # Redis keeps no empty queue, and RabbitMQ none that was never declared
                return 0
    except UNREACHABLE:
        return None


def audience(queue: str, operation: str) -> Audience:
    """Who would take a message of this operation in this queue. Asks the workers, for about a second."""
    app = application.current()
    try:
        with _connected() as connection:
            connection.ensure_connection(max_retries=1, timeout=ANSWER_SECONDS)
            inspect = app.control.inspect(timeout=ANSWER_SECONDS, connection=connection)
            taken = inspect.active_queues() or {}
            takers = [name for name, queues in taken.items() if queue in {found["name"] for found in queues}]
            known = inspect.registered() or {} if takers else {}
    except UNREACHABLE:
        return Audience.UNKNOWN
    if not takers:
        return Audience.NOBODY
    names = [task.partition(" ")[0] for taker in takers for task in known.get(taker, (operation,))]
    return Audience.SOMEBODY if operation in names else Audience.IGNORANT


@contextmanager
def _connected() -> Iterator[Connection]:
    """A connection, within which everything that the broker's library raises is an OperationalError."""
    with application.current().connection_for_write() as connection:
        try:
            yield connection
        except (*connection.connection_errors, *connection.channel_errors) as error:
            raise OperationalError(str(error)) from error
