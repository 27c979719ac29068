"""The Celery app: `celery -A backend worker`."""

import os
from typing import Any

import django
from celery import Celery
from django.apps import apps
from django.conf import settings
from kombu import Queue

from backend.embedded import redis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")


class App(Celery):  # type: ignore[misc]  # Celery has no annotations
    """Starts the embedded redis-server whenever a connection to it is asked for."""

    def _connection(self, url: str, *args: Any, **kwargs: Any) -> Any:
        if not settings.CELERY_BROKER_URL:
            url = redis.ensure(settings.UPKEEP_HOME).url
        return super()._connection(url, *args, **kwargs)


app = App("upkeep")  # puts the working folder on the path, as Celery's Django fixup does: Django is set up after it
if not apps.ready:
    django.setup()

from backend.operations import registry  # noqa: E402 - models are loaded by now
from backend.worker import recovery, task  # noqa: E402


def _late_settings() -> dict[str, Any]:
    """Settings that need a server's address, or the operations; Celery asks when it first needs its configuration."""
    queues = {"default", *(operation.queue for operation in registry.operations())}
    broker = {} if settings.CELERY_BROKER_URL else {"broker_url": redis.ensure(settings.UPKEEP_HOME).url}
    return {"task_queues": [Queue(name) for name in sorted(queues)], **broker}


app.config_from_object("django.conf:settings", namespace="CELERY")
app.add_defaults(_late_settings)
app.on_after_finalize.connect(task.register)
app.steps["worker"].add(recovery.Recovery)
