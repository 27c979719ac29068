"""Sending a run while Redis is half there."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from redis import Redis

from backend.config.celery import app, broker_settings
from tests.integration.operations.factories import COMMITTED
from tests.operations.scripted import recorded, reread
from upkeep.operations import broker as port
from upkeep.worker.broker import publish, queue_length

pytestmark = COMMITTED


@pytest.fixture
def frozen(broker: str) -> Iterator[None]:
    """A Redis that accepts connections, and then says nothing."""
    app.conf.update(**broker_settings(broker))
    app._after_fork()
    with Redis.from_url(broker) as redis:
        pid = redis.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


@pytest.mark.usefixtures("frozen")
def test_nobody_waits_for_a_redis_that_does_not_answer() -> None:
    run = recorded(lambda _: None)
    assert not publish([run])
    assert queue_length("default") is None


def test_a_redis_that_refuses_is_one_that_cannot_be_reached(broker: str) -> None:
    run = recorded(lambda _: None)
    with Redis.from_url(broker) as redis:
        redis.delete("default")
        redis.set("default", "not a queue")
        try:
            assert not port.publish(run)
            assert queue_length("default") is None
        finally:
            redis.delete("default")


def test_a_redis_whose_memory_or_disk_is_full_is_one_that_cannot_be_reached(broker: str) -> None:
    run = recorded(lambda _: None)
    with Redis.from_url(broker) as redis:
        redis.config_set("maxmemory", "1")
        try:
            assert not port.publish(run)
            assert port.audience(run) is port.Audience.UNKNOWN
        finally:
            redis.config_set("maxmemory", "0")


def test_with_a_home_that_cannot_be_used_the_embedded_redis_is_one_that_cannot_be_reached(
    broker: str,  # noqa: ARG001 - no other
    settings: Settings,
    tmp_path: Path,
) -> None:
    run = recorded(lambda _: None)
    settings.UPKEEP_HOME = tmp_path / "file"
    settings.UPKEEP_HOME.touch()
    settings.CELERY_BROKER_URL = ""
    app._after_fork()
    assert not port.publish(run)
    assert port.length("default") is None
    assert port.audience(run) is port.Audience.UNKNOWN
    assert (reread(run).status, reread(run).sent_at) == ("queued", None)
