"""The messages that reach a broker, and what a worker does with them."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import takewhile
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from celery.exceptions import Ignore
from kombu import Connection

from backend.config.celery import app
from upkeep.operations import broker as core
from upkeep.operations.broker import Audience
from upkeep.operations.errors import OperationError
from upkeep.operations.models import Run
from upkeep.worker import broker
from upkeep.worker.task import OperationTask


@contextmanager
def publishing(
    publish: Callable[..., bool], *, audience: Callable[[str, str], Audience] | None = None
) -> Iterator[None]:
    """Until the end of the block, messages are handed to that, until it refuses one, instead of the broker."""

    def publish_each(runs: Sequence[Run], **options: Any) -> list[UUID]:
        return [run.pk for run in takewhile(partial(publish, **options), runs)]

    given = SimpleNamespace(
        publish=publish_each, queue_length=broker.queue_length, audience=audience or broker.audience
    )
    before = core.connect(cast("Any", given))
    try:
        yield
    finally:
        core.connect(before)


def task(name: str = "testing.add_one") -> OperationTask:
    """The task of that name."""
    return cast("OperationTask", app.tasks[name])


def messages(url: str, name: str = "default") -> list[tuple[dict[str, Any], list[Any]]]:
    """Headers and body of all messages in a queue, which is empty afterwards."""
    found = []
    with Connection(url) as connection:
        simple = connection.SimpleQueue(name)
        with suppress(simple.Empty):
            while message := simple.get_nowait():
                message.ack()
                found.append((message.headers, json.loads(message.body)))
        simple.close()
    return found


def named(url: str) -> list[str]:
    """The runs that the messages in the queue name; it is empty afterwards."""
    return [headers["id"] for headers, _ in messages(url)]


def received(name: str, task_id: str, kwargs: dict[str, Any], headers: dict[str, Any] | None = None) -> Any:
    """What a worker does with that message."""
    called = task(name)
    called.push_request(id=task_id, kwargs=kwargs, headers=headers, called_directly=False)
    try:
        return called.run(**kwargs)
    finally:
        called.pop_request()


def worked_off(url: str) -> None:
    """Let a worker do what the messages in the queue say, and those that are sent meanwhile."""
    while found := messages(url):
        for headers, _ in found:
            with suppress(Ignore, OperationError):
                received(headers["task"], headers["id"], {})
