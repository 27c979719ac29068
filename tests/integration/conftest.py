import os
import warnings
from collections.abc import Iterator

import pytest
from celery.exceptions import DuplicateTaskNameWarning
from django.conf import settings
from django.core.management import get_commands
from django.test import override_settings
from redis import Redis

from backend.config.celery import app
from tests.acceptance.processes import BrokerProcess
from upkeep.worker import task

get_commands()  # kept from now on, those of all apps: `COMMITTED` tests see only some


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker that no worker listens to, whose user may do everything."""
    broker = BrokerProcess(folder=tmp_path_factory.mktemp("broker"))
    with broker.started():
        yield broker.url


@pytest.fixture
def broker(redis_url: str) -> Iterator[str]:
    """That broker, empty at first, for the messages that this process sends."""
    with Redis.from_url(redis_url) as server:
        server.flushall()
    assert app.conf.broker_url  # asked for here, since Celery keeps the settings that it finds when it is first asked
    before = dict(app.conf.changes)
    with override_settings(REDIS_URL=redis_url, CELERY_BROKER_URL=redis_url):
        app.conf.update(broker_url=redis_url)
        app._after_fork()  # forgets the connections to another broker
        with warnings.catch_warnings(action="ignore", category=DuplicateTaskNameWarning):
            task.register(app)  # once more: the operations under test, too
        yield redis_url
    app.conf.changes.clear()
    app.conf.changes.update(before)
    app._after_fork()


@pytest.fixture
def environment(redis_url: str) -> dict[str, str]:
    """Of a process that shares the tests' database, and that broker."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TEST_DATABASE": str(settings.DATABASES["default"]["NAME"]),
        "UPKEEP_HOME": str(settings.UPKEEP_HOME),
        "CELERY_BROKER_URL": redis_url,
    }
