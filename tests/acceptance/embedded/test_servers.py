from pathlib import Path

import pytest
from pytest_django import Settings
from redis import Redis

from backend.config import servers
from upkeep.embedded import redis


def test_the_redis_of_the_settings_is_taken_and_none_is_started(home: Path, settings: Settings) -> None:
    settings.UPKEEP_HOME, settings.REDIS_URL = home, "redis://redis.example:6379/3"
    settings.CELERY_BROKER_URL = "amqp://rabbit.example//"
    assert servers.redis_url() == "redis://redis.example:6379/3"
    assert redis.running(home) is None


def test_without_one_the_embedded_redis_is_started(home: Path, settings: Settings) -> None:
    settings.UPKEEP_HOME, settings.REDIS_URL = home, ""
    settings.CELERY_BROKER_URL = "amqp://rabbit.example//"
    with Redis.from_url(servers.redis_url()) as client:
        assert client.ping()
    assert redis.running(home)


def test_an_embedded_redis_that_cannot_be_used_is_an_os_error(home: Path, settings: Settings) -> None:
    settings.UPKEEP_HOME, settings.REDIS_URL = home, ""
    home.mkdir()
    (home / "redis").write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"\w"):
        servers.redis_url()
