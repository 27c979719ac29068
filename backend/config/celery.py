"""The Celery app: `celery -A backend worker`."""

import sys
from typing import Any

import django
from celery import Celery
from celery.signals import celeryd_init
from django.apps import apps
from django.conf import settings
from kombu import Queue
from kombu.exceptions import OperationalError

from backend.config.startup import load_settings
from upkeep.embedded import redis
from upkeep.embedded.errors import EmbeddedError

load_settings()


IS_PROGRAM = "flower.urls" in sys.modules
"""Whether this is `celery`'s own command line, which Flower is part of."""


class App(Celery):  # type: ignore[misc]  # Celery has no annotations
    """Starts the embedded redis-server whenever a connection to it is asked for, and sends no key that nobody reads."""

    was_reached = False

    def _connection(self, url: str, *args: Any, **kwargs: Any) -> Any:
        if not settings.CELERY_BROKER_URL:
            try:
                url = redis.ensure(settings.UPKEEP_HOME).broker_url
            except EmbeddedError as error:
                if IS_PROGRAM and not self.was_reached:  # a program of Celery's would wait for it, or show a stack
                    raise SystemExit(f"The embedded Redis cannot be used: {error}") from None
                raise OperationalError(str(error)) from error  # as of any broker that cannot be reached
            self.was_reached = True
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
if IS_PROGRAM:
    from backend.config import flower

    flower.secure()


def start_broker(**_kwargs: Any) -> None:
    """Let a worker end, whose embedded Redis cannot be used, before it has parts to stop."""
    app.connection_for_write()


celeryd_init.connect(start_broker)
