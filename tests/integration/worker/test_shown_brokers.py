"""What a worker shows of its broker to all who ask: `celery inspect stats`, Flower."""

from types import SimpleNamespace

import pytest
from celery.worker.consumer.connection import Connection as ConnectionStep
from kombu import Connection

from upkeep.worker.consumer import Consumer, RunConsumer

MARK = "nobody-may-read-this"


@pytest.mark.parametrize("consumer", [Consumer, RunConsumer])
@pytest.mark.parametrize(
    "url", [f"redis+socket://me:{MARK}@/run/redis.sock", f"redis://:{MARK}@one/0;redis://:{MARK}@two/0"]
)
def test_no_password_of_a_broker_is_shown(consumer: type[Consumer], url: str) -> None:
    parent = SimpleNamespace()
    parent.steps = [ConnectionStep(parent)]
    parent.connection = Connection(url)
    shown = consumer.Blueprint().info(parent)["broker"]
    assert shown["transport"] == "redis"
    assert MARK not in repr(shown)
    parent.connection = None
    assert consumer.Blueprint().info(parent) == {"broker": "N/A"}
