"""What a worker says of its broker."""

from types import SimpleNamespace

from celery.worker.consumer.connection import Connection as Step
from kombu import Connection

from upkeep.worker.consumer import Consumer

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
