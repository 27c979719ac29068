"""Sending a run while RabbitMQ is away."""

import socket
from collections.abc import Iterator

import pytest

from backend.config.celery import app, broker_settings
from tests.integration.operations.factories import COMMITTED
from tests.operations.scripted import recorded
from upkeep.worker.broker import publish

pytestmark = COMMITTED
PASSWORD = "over-the-wire-42"


@pytest.fixture(params=["nothing listens", "nobody answers"])
def away(request: pytest.FixtureRequest, broker: str) -> Iterator[None]:  # noqa: ARG001 - puts the settings back
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "nobody answers":
            server.listen()
        url = f"amqp://upkeep:{PASSWORD}@127.0.0.1:{server.getsockname()[1]}//"
        app.conf.update(broker_url=url, **broker_settings(url))
        app._after_fork()  # forgets the connections to another broker
        yield


@pytest.mark.usefixtures("away")
def test_a_run_stays_queued_and_the_log_tells_no_password(caplog: pytest.LogCaptureFixture) -> None:
    run = recorded(lambda _: None)
    caplog.set_level("DEBUG")
    assert not publish(run)
    assert "stays queued" in caplog.text
    assert PASSWORD not in caplog.text
    run.refresh_from_db()
    assert (run.status, run.sent_at) == ("queued", None)
