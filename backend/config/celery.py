"""The Celery app: `celery -A backend worker`."""

import sys
from typing import Any

import django
from celery import Celery
from celery.signals import beat_init, celeryd_init
from django.apps import apps
from django.conf import settings
from kombu import Queue
from kombu.exceptions import OperationalError

from backend.config.startup import load_settings
from upkeep.embedded import redis
from upkeep.embedded.errors import EmbeddedError

load_settings()


class App(Celery):  # type: ignore[misc]  # Celery has no annotations
    """Starts the embedded redis-server whenever a connection to it is asked for, and sends no key that nobody reads."""

    def _connection(self, url: str, *args: Any, **kwargs: Any) -> Any:
        if not settings.CELERY_BROKER_URL:
            try:
                url = redis.ensure(settings.UPKEEP_HOME).broker_url
            except EmbeddedError as error:
                raise OperationalError(str(error)) from error  # as of any broker that cannot be reached
        return super()._connection(url, *args, **kwargs)

    def send_task(self, name: str, args: Any = None, kwargs: Any = None, *more: Any, **given: Any) -> Any:
        """Celery's, also for Flower's `send-task`: what an operation cannot understand makes a failed run here, too."""
        called = None if "task_type" in given else self.tasks.get(name)
        if not isinstance(called, task.OperationTask):
            return super().send_task(name, args, kwargs, *more, **given)
        try:
            values, rest = options.joined(called.operation, kwargs, given), options.normal(given)
        except InvalidParamsError:
            return called.apply_async(args, kwargs, **given)
        return super().send_task(name, args, values, *more, **rest)


app = App("upkeep")  # puts the working folder on the path, as Celery's Django fixup does: Django is set up after it
if not apps.ready:
    django.setup()

from upkeep.operations import registry  # noqa: E402 - models are loaded by now
from upkeep.operations.errors import InvalidParamsError  # noqa: E402
from upkeep.worker import options, setup, task  # noqa: E402


def broker_settings(url: str) -> dict[str, Any]:
    """What depends on the kind of broker that `url` names."""
    names = sorted({"default", *(operation.queue for operation in registry.operations())})
    if not url.startswith(("amqp://", "amqps://")):
        queues = [Queue(name, routing_key=name) for name in names]
        return {"task_queues": queues, "worker_disable_prefetch": True}  # RabbitMQ's workers cannot do without
    quorum = {"x-queue-type": "quorum"}
    return {
        "task_queues": [Queue(name, routing_key=name, queue_arguments=quorum) for name in names],
        # RabbitMQ closes the channel of whoever keeps a message for half an hour, also for its next free child.
        "broker_channel_error_retry": True,
        "broker_connection_timeout": 2.0,
        "broker_transport_options": {
            "confirm_publish": True,
            "read_timeout": 3.0,
            "max_retries": 1,
            "interval_start": 0.2,
        },
        "worker_consumer": "upkeep.worker.consumer:RunConsumer",
    }


def _late_settings() -> dict[str, Any]:
    """Settings that need the operations; Celery asks when it first needs its configuration."""
    if settings.CELERY_BROKER_URL:
        return broker_settings(settings.CELERY_BROKER_URL)
    url = "redis://embedded"  # a connection gets the true address, and starts that server
    return {"broker_url": url, **broker_settings(url)}


app.config_from_object("django.conf:settings", namespace="CELERY")
app.add_defaults(_late_settings)
setup(app)
if "flower.urls" in sys.modules:  # only `celery`'s own command line, which Flower is part of
    from backend.config import flower

    flower.secure()


def start_broker(**_kwargs: Any) -> None:
    """End a worker, or Beat, whose embedded Redis cannot be used: for Celery that would be an outage to wait for."""
    if not settings.CELERY_BROKER_URL:
        try:
            redis.ensure(settings.UPKEEP_HOME)
        except EmbeddedError as error:
            raise SystemExit(f"The embedded Redis cannot be used: {error}") from None


celeryd_init.connect(start_broker)
beat_init.connect(start_broker)
