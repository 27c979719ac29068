"""What a worker does with its connection to the broker, and with what comes out of it."""

import logging
from typing import Any

from celery.app.utils import filter_hidden_settings
from celery.worker import consumer
from kombu import Message
from kombu.utils.url import maybe_sanitize_url

from upkeep.worker import protocol
from upkeep.worker.receipt import run_id_of
from upkeep.worker.task import OperationTask

logger = logging.getLogger(__name__)


class Consumer(consumer.Consumer):  # type: ignore[misc]  # Celery has no annotations
    """Celery's, which does not end or stall because of a message that no Celery wrote."""

    class Blueprint(consumer.Consumer.Blueprint):  # type: ignore[misc]
        def info(self, parent: Any) -> dict[str, Any]:
            """What `inspect stats` and Flower show: Celery's, without passwords in addresses and of sentinels."""
            info: dict[str, Any] = super().info(parent)
            if isinstance(broker := info.get("broker"), dict):
                others = [maybe_sanitize_url(url) for url in broker["alternates"]]
                host = maybe_sanitize_url(broker["hostname"])
                info["broker"] = {**filter_hidden_settings(broker), "hostname": host, "alternates": others}
            return info

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
        """Why not even to look at the message. What cannot be decoded Celery drops itself."""
        try:
            payload = message.payload
        except Exception:  # noqa: BLE001 - whatever a decoder raises
            return None
        fault = protocol.fault(message.headers, message.properties, payload)
        if fault is None and "id" in message.headers and run_id_of(message.headers["id"]) is None:
            known = self.app.tasks.get(message.headers["task"])
            return f"its id, {message.headers['id']!r}, is no UUID" if isinstance(known, OperationTask) else None
        return fault


class RunConsumer(Consumer):
    """Without the 28 queues and exchanges that Celery makes on RabbitMQ for delayed messages: runs wait in rows."""

    class Blueprint(Consumer.Blueprint):
        default_steps = [
            step for step in consumer.Consumer.Blueprint.default_steps if not step.endswith(":DelayedDelivery")
        ]
