"""What a worker does with its connection to RabbitMQ."""

from celery.worker.consumer import Consumer


class RunConsumer(Consumer):  # type: ignore[misc]  # Celery has no annotations
    """Celery's, without the 28 queues and exchanges that it makes for delayed messages: a run waits in its row."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        default_steps = [step for step in Consumer.Blueprint.default_steps if not step.endswith(":DelayedDelivery")]
