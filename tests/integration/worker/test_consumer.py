"""What a worker says of its broker, and what it makes of other workers' events."""

from types import SimpleNamespace

import pytest
from celery.worker.consumer.connection import Connection as Step
from kombu import Connection

from upkeep.worker.consumer import Consumer, Gossip

PASSWORD = "open-sesame"
URL = f"redis://:{PASSWORD}@first:6379/0;redis://:{PASSWORD}@second:6379/0"


def test_no_password_of_a_broker_or_of_sentinels_is_shown() -> None:
    worker = SimpleNamespace()
    worker.steps = [Step(worker)]
    worker.connection = Connection(URL, transport_options={"sentinel_kwargs": {"password": PASSWORD}, "max_retries": 3})
    shown = Consumer.Blueprint().info(worker)["broker"]
    assert "second" in repr(shown["alternates"])
    assert shown["transport_options"]["max_retries"] == 3
    assert PASSWORD not in repr(shown)


@pytest.mark.parametrize("payload", [5, [], {}, {"hostname": ["x"]}])
def test_an_event_that_is_not_one_is_dropped(payload: object, caplog: pytest.LogCaptureFixture) -> None:
    gossip = object.__new__(Gossip)
    gossip.event_handlers, gossip.hostname, gossip.update_state = {}, "here", len
    event = SimpleNamespace(delivery_info={"routing_key": "worker.heartbeat"}, headers={}, payload=payload)
    gossip.on_message(lambda payload: ("", payload["type"]), event)
    assert [record.message.partition(":")[0] for record in caplog.records] == ["an event is dropped"]
