"""What a worker does with its connection to the broker, and with what comes out of it."""

import logging
from functools import partial
from typing import Any

from celery.app.utils import filter_hidden_settings
from celery.worker import consumer
from celery.worker.consumer import gossip
from kombu import Message
from kombu.exceptions import ContentDisallowed, DecodeError
from kombu.utils.url import maybe_sanitize_url

from upkeep.worker import envelope, protocol
from upkeep.worker.receipt import run_id_of
from upkeep.worker.task import OperationTask

logger = logging.getLogger(__name__)


class Gossip(gossip.Gossip):  # type: ignore[misc]  # Celery has no annotations
    """Celery's, which ends the worker when an event is not one: anybody may have sent it."""

    def on_message(self, prepare: Any, message: Message) -> None:
        """Take note of what another worker says."""
        try:
            super().on_message(prepare, message)
        except Exception as error:  # noqa: BLE001 - whatever Celery's reading of it raises
            logger.warning("an event is dropped: it is not one of Celery's (%s)", type(error).__name__)


class Consumer(consumer.Consumer):  # type: ignore[misc]  # Celery has no annotations
    """Celery's, which does not end or stall because of a message that no Celery wrote."""

    class Blueprint(consumer.Consumer.Blueprint):  # type: ignore[misc]
        default_steps = [
            "upkeep.worker.consumer:Gossip" if step.endswith(":Gossip") else step
            for step in consumer.Consumer.Blueprint.default_steps
        ]

        def info(self, parent: Any) -> dict[str, Any]:
            """What `inspect stats` and Flower show: Celery's, without passwords in addresses and of sentinels."""
            info: dict[str, Any] = super().info(parent)
            if isinstance(broker := info.get("broker"), dict):
                others = [maybe_sanitize_url(url) for url in broker["alternates"]]
                host = maybe_sanitize_url(broker["hostname"])
                info["broker"] = {**filter_hidden_settings(broker), "hostname": host, "alternates": others}
            return info

    def connection_for_read(self, heartbeat: float | None = None) -> Any:
        """As Celery's, but for what `envelope` drops."""
        connection = self.app.connection_for_read(heartbeat=heartbeat)
        connection.create_transport = partial(envelope.create_transport, connection)
        return self.ensure_connected(connection)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Any:
        """What is called with each message: Celery's, after a look at the message."""
        handle = super().create_task_handler(*args, **kwargs)

        def on_task_received(message: Message) -> Any:
            if fault := self.fault(message):
                logger.warning("a message is dropped: %s", fault)
                return message.ack_log_error(logger, self.connection_errors)
            return handle(message)

        return on_task_received

    def fault(self, message: Message) -> str | None:
        """Why not even to look at the message. What cannot be decoded Celery drops itself, if that is how it fails."""
        try:
            payload = message.payload
        except (ContentDisallowed, DecodeError):
            return None
        except Exception as error:  # noqa: BLE001 - whatever a decoder raises
            return f"it cannot be decoded ({type(error).__name__})"
        fault = protocol.fault(message.headers, message.properties, payload)
        if fault is None and "id" in message.headers and run_id_of(message.headers["id"]) is None:
            known = self.app.tasks.get(message.headers["task"])
            return f"its id, {message.headers['id']!r}, is not a UUID" if isinstance(known, OperationTask) else None
        return fault


class RunConsumer(Consumer):
    """Without the 28 queues and exchanges that Celery makes on RabbitMQ for delayed messages: runs wait in rows."""

    class Blueprint(Consumer.Blueprint):
        default_steps = [step for step in Consumer.Blueprint.default_steps if not step.endswith(":DelayedDelivery")]
