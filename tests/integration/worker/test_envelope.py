"""What stands in Redis where a message should, as kombu meets it."""

import base64
from functools import partial
from typing import Any

import pytest
from kombu import Connection, Producer, Queue

from upkeep.worker import envelope

PROPERTIES = {"delivery_tag": "5f1c", "delivery_info": {"exchange": "", "routing_key": "q"}, "body_encoding": "base64"}
WHOLE: dict[str, Any] = {
    "body": base64.b64encode(b"[[], {}, {}]").decode(), "content-type": "application/json", "content-encoding": "utf-8",
    "headers": {"task": "testing.add_one"}, "properties": PROPERTIES,
}  # fmt: skip


def test_what_kombu_writes_is_a_message() -> None:
    assert envelope.fault(WHOLE) is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ([], "not an object"),
        ({}, "properties"),
        (WHOLE | {"headers": ["task"]}, "headers"),
        (WHOLE | {"body": 5}, "body"),
        (WHOLE | {"body": "a"}, "body"),
        (WHOLE | {"content-type": []}, "content-type"),
        (WHOLE | {"content-encoding": 8}, "content-encoding"),
        (WHOLE | {"properties": PROPERTIES | {"delivery_tag": []}}, "properties"),
        (WHOLE | {"properties": PROPERTIES | {"delivery_info": None}}, "properties"),
        (WHOLE | {"properties": PROPERTIES | {"body_encoding": "own"}}, "properties"),
    ],
)
def test_what_is_not_one_is_named_in_one_line(wrong: object, named: str) -> None:
    told = envelope.fault(wrong) or ""
    assert named in told
    assert told.isprintable()
    assert len(told) < 300


def test_it_is_dropped_and_the_next_one_is_read(broker: str, caplog: pytest.LogCaptureFixture) -> None:
    read: list[object] = []
    with Connection(broker) as connection:
        connection.create_transport = partial(envelope.create_transport, connection)
        channel = connection.channel()
        queue = Queue("envelopes", routing_key="envelopes")(channel)
        queue.declare()
        for text in ("a text", "{}"):
            channel.client.lpush(queue.name, text)
        Producer(channel).publish({"a": 1}, exchange=queue.exchange, routing_key=queue.routing_key)
        with connection.Consumer(queue, callbacks=[lambda body, _message: read.append(body)], no_ack=True):
            while not read:
                connection.drain_events(timeout=10)
    assert read == [{"a": 1}]
    assert [record.message for record in caplog.records] == [
        "a message is dropped: it is not JSON (JSONDecodeError)",
        "a message is dropped: properties is required",
    ]
