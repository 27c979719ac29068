"""Sending a run while RabbitMQ is away."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from backend.config.celery import app, broker_settings
from tests.integration.operations.factories import COMMITTED
from tests.operations.scripted import recorded, reread
from upkeep.worker.broker import publish

pytestmark = COMMITTED
PASSWORD = "over-the-wire-42"


@pytest.fixture(params=["nothing listens", "nobody answers"])
def away(request: pytest.FixtureRequest, broker: str) -> Iterator[socket.socket]:  # noqa: ARG001 - puts the settings back
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "nobody answers":
            server.listen()
        url = f"amqp://upkeep:{PASSWORD}@127.0.0.1:{server.getsockname()[1]}//"
        app.conf.update(broker_url=url, **broker_settings(url))
        app._after_fork()  # forgets the connections to another broker
        yield server


def accepted(server: socket.socket) -> int:
    """How many connections wait there."""
    number = 0
    server.settimeout(0)
    with suppress(OSError):
        while True:
            server.accept()[0].close()
            number += 1
    return number


def test_runs_stay_queued_after_one_attempt_and_the_log_tells_no_password(
    away: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    runs = [recorded(lambda _: None) for _ in range(3)]
    caplog.set_level("DEBUG")
    assert publish(runs) == []
    assert caplog.text.count("stays queued") == len(runs)
    assert PASSWORD not in caplog.text
    assert accepted(away) <= 1
    assert [(run.status, run.sent_at) for run in map(reread, runs)] == [("queued", None)] * 3
