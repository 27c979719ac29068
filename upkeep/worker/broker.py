"""The broker, as the core knows it: see `upkeep.operations.broker.Broker`."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from amqp.exceptions import AMQPError, ChannelError
from kombu import Connection
from kombu.exceptions import BatchPublishError, OperationalError

from upkeep.operations.broker import Audience
from upkeep.operations.models import Run
from upkeep.worker import application

logger = logging.getLogger(__name__)
UNREACHABLE = (OperationalError, BatchPublishError, AMQPError, OSError)
ANSWER_SECONDS = 1.0
"""How long workers have to say what they take and know."""


def publish(runs: Sequence[Run], **options: Any) -> list[UUID]:
    """Send the messages of queued runs, to Redis in one go; returns the runs whose messages the broker surely has.

    A queue that refuses one is not tried again: each time may take seconds.
    """
    known: list[Run] = []
    unknown: list[Run] = []
    for run in runs:
        (known if run.operation in application.current().tasks else unknown).append(run)
    for run in unknown:
        logger.warning("run %s stays queued: this process does not know %s", run.pk, run.operation)
    of_queue = attrgetter("queue")
    queues = groupby(sorted(known, key=of_queue), key=of_queue)
    return [run for _, group in queues for run in _publish(list(group), options)]


def _publish(runs: Sequence[Run], options: Mapping[str, Any]) -> list[UUID]:
    """Send messages of one queue."""
    app, sent, deferred = application.current(), [], True
    sending = dict(options)
    given, connection = sending.pop("producer", None), sending.pop("connection", None)
    given = app.amqp.Producer(connection, auto_declare=False) if connection else given
    try:
        with app.producer_or_acquire(given) as producer, _translated(producer.connection), producer.batch():
            deferred = producer.supports_batch_publish
            producer.maybe_declare(app.amqp.queues[runs[0].queue])  # else Celery does so before each message
            for run in runs:
                app.tasks[run.operation].send(run, producer=producer, declare=(), retry=False, **sending)
                sent.append(run.pk)
    except UNREACHABLE as error:
        sent = [] if deferred else sent
        for run in runs[len(sent) :]:
            logger.info("run %s stays queued: the broker cannot be reached (%s)", run.pk, type(error).__name__)
    return sent


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
    """A connection, within which errors are `_translated`."""
    with application.current().connection_for_write() as connection, _translated(connection):
        yield connection


@contextmanager
def _translated(connection: Connection) -> Iterator[None]:
    """Let everything that the connection's library raises be an OperationalError."""
    try:
        yield
    except (*connection.connection_errors, *connection.channel_errors) as error:
        raise OperationalError(str(error)) from error
