"""pytest-celery's setup, one for all acceptance tests: a broker, a worker, and this process's app to talk to them."""

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celery import Celery
from celery.exceptions import DuplicateTaskNameWarning
from django.conf import settings
from django.db import connection
from django.test import override_settings
from pytest_celery import (
    CeleryBrokerCluster,
    CeleryTestBroker,
    CeleryTestSetup,
    CeleryTestWorker,
    CeleryWorkerCluster,
    RabbitMQTestBroker,
    RedisTestBroker,
)

from backend.config.celery import app, broker_settings
from tests import pooler, warm
from tests.acceptance.faults.scale import CHAOS
from tests.acceptance.polling import until
from tests.acceptance.processes import FLOWER_LOGIN, OTHER_PASSWORD, ROOT, BrokerProcess, Manage, Start, WorkerProcess
from tests.acceptance.rabbitmq import RabbitProcess
from tests.servers.tmdb import KEY, tmdb_server
from upkeep.operations import cancellation
from upkeep.operations.models import Run
from upkeep.operations.states import ENDED
from upkeep.testing.servers.process import Server
from upkeep.worker import task

INTERVALS = {
    "RUN_SWEEP_SECONDS": "1",
    "RUN_RESEND_SECONDS": "1",
    "RUN_LEASE_SECONDS": "4",
    "RUN_BACKOFF_SECONDS": "0.2",
}
"""The product's, shortened but in chaos."""
POOL_SIZE = 4
"""Fewer connections than the processes would have."""
APPS = ["backend.accounts", "upkeep.operations", "backend.collection", "backend.tracking", "tasks"]
"""Whose tables are emptied after a test; to empty all of them takes longer than most tests."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every test with the setup has a database whose transactions are real, since other processes look at it.

    On another broker than Redis only those run: for the others it would be the same once more.
    """
    others = []
    for item in items:
        if "celery_setup" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db(transaction=True, available_apps=APPS))
        elif config.option.broker != "redis":
            others.append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what makes no sense on this broker, as its `only_on` says."""
    for mark in item.iter_markers("only_on"):
        if mark.args[0] != item.config.option.broker:
            pytest.skip(mark.kwargs["reason"])


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The UPKEEP_HOME of all processes, with their logs."""
    return tmp_path_factory.mktemp("acceptance")


@pytest.fixture(scope="package")
def tmdb_of_all() -> Iterator[Server]:
    with tmdb_server() as server:
        yield server


@pytest.fixture
def tmdb(tmdb_of_all: Server) -> Iterator[Server]:
    """The stand-in that the worker asks, without faults at first."""
    tmdb_of_all.fail({})
    yield tmdb_of_all
    tmdb_of_all.fail({})


@pytest.fixture(scope="package")
def redis(folder: Path) -> Iterator[RedisTestBroker]:
    """The broker, unless that is RabbitMQ; the rate limits are here in any case."""
    yield from _running(RedisTestBroker(BrokerProcess(folder=folder)))


@pytest.fixture(scope="package")
def celery_broker_cluster(
    redis: RedisTestBroker, folder: Path, pytestconfig: pytest.Config
) -> Iterator[CeleryBrokerCluster]:
    if pytestconfig.option.broker == "redis":
        yield CeleryBrokerCluster(redis)
    else:
        yield from map(CeleryBrokerCluster, _running(RabbitMQTestBroker(RabbitProcess(folder=folder))))


def _running(broker: CeleryTestBroker) -> Iterator[CeleryTestBroker]:
    try:
        broker.container.start()
        broker.ready()
        yield broker
    finally:
        broker.teardown()


@pytest.fixture(scope="package")
def celery_backend_cluster() -> None:
    """Results are read from the runs, in the database."""


@pytest.fixture(scope="package")
def database(django_db_setup: None, folder: Path, pytestconfig: pytest.Config) -> Iterator[dict[str, str]]:  # noqa: ARG001 - makes it
    """The variables that lead to the test's database, with --pooler through PgBouncer."""
    if not pytestconfig.option.pooler:
        yield {"DATABASE_URL": _database_url()}
        return
    with pooler.running(folder, size=POOL_SIZE) as process:
        url = f"postgresql://anybody@127.0.0.1:{process.port}/{quote(connection.settings_dict['NAME'], safe='')}"
        yield {"DATABASE_URL": url, "DATABASE_POOLER": "transaction"}


@pytest.fixture(scope="package")
def environment(
    database: dict[str, str],
    celery_broker_cluster: CeleryBrokerCluster,
    redis: RedisTestBroker,
    folder: Path,
    tmdb_of_all: Server,
) -> dict[str, str]:
    """For every process of the product: the test's database, broker and stand-ins."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.acceptance.settings",
        **database,
        "REDIS_URL": redis.config()["url"],
        "CELERY_BROKER_URL": celery_broker_cluster[0].config()["url"],
        "UPKEEP_HOME": str(folder),
        "MEDIA_ROOT": str(folder / "media"),
        "SECRET_KEY": settings.SECRET_KEY,
        "FERNET_KEYS": ",".join(settings.FERNET_KEYS),
        "TMDB_API_URL": tmdb_of_all.url,
        "TMDB_API_KEY": KEY,
        "FLOWER_BASIC_AUTH": FLOWER_LOGIN,
        "OUTBOUND_PROXY": f"http://proxy:{OTHER_PASSWORD}@192.0.2.1:3128",
        "OLLAMA_URL": f"https://ollama:{OTHER_PASSWORD}@localhost",
        "REPORT_PASSWORD": "read-only-42",
        "TRACKER_TOKEN": "glpat-of-a-tracker",
        **({} if CHAOS in os.environ else INTERVALS),
        "LOG_LEVEL": "INFO",
        "TERM": "xterm",  # a dumb terminal has no progress bar
    }


def _database_url() -> str:
    place: dict[str, Any] = connection.get_connection_params()
    login = ":".join(quote(place.get(name) or "", safe="") for name in ("user", "password"))
    host = quote(str(place.get("host") or ""), safe="")
    return f"postgresql://{login}@/{quote(place['dbname'], safe='')}?host={host}&port={place.get('port') or 5432}"


@pytest.fixture(scope="package")
def celery_setup_app(celery_broker_cluster: CeleryBrokerCluster, redis: RedisTestBroker) -> Iterator[Celery]:
    """The product's app, in this process, on the broker of the tests."""
    url = celery_broker_cluster[0].config()["host_url"]
    assert app.conf.broker_url  # asked for here, since Celery keeps the settings that it finds when it is first asked
    before = dict(app.conf.changes)
    with override_settings(REDIS_URL=redis.config()["url"], CELERY_BROKER_URL=url):
        app.conf.update(broker_url=url, **broker_settings(url))
        app._after_fork()  # forgets the connections to another broker
        yield app
    app.conf.changes.clear()
    app.conf.changes.update(before)
    app._after_fork()


@pytest.fixture(scope="package")
def celery_worker_cluster(
    environment: dict[str, str], folder: Path, celery_setup_app: Celery
) -> Iterator[CeleryWorkerCluster]:
    worker = CeleryTestWorker(WorkerProcess("worker", env=environment, folder=folder), celery_setup_app)
    worker.container.start()
    yield CeleryWorkerCluster(worker)
    worker.teardown()


@pytest.fixture(scope="package")
def celery_setup(
    celery_worker_cluster: CeleryWorkerCluster,
    celery_broker_cluster: CeleryBrokerCluster,
    celery_backend_cluster: None,
    celery_setup_app: Celery,
) -> CeleryTestSetup:
    setup = CeleryTestSetup(celery_worker_cluster, celery_broker_cluster, celery_backend_cluster, celery_setup_app)
    assert setup.ready()
    return setup


@pytest.fixture
def setup(celery_setup: CeleryTestSetup, transactional_db: None) -> Iterator[CeleryTestSetup]:  # noqa: ARG001 - empties it
    """The setup with its worker running and idle, and an empty queue and database, which the worker sees too."""
    if celery_setup.worker.container.status != "running":
        celery_setup.worker.restart()
    yield celery_setup
    celery_setup.app.control.purge()
    until(_all_stopped, why="a run did not stop")


def _all_stopped() -> bool:
    unfinished = Run.objects.exclude(status__in=ENDED)
    return all([cancellation.cancel(run.pk) in ENDED for run in unfinished])  # noqa: C419 - all are asked, not some


@pytest.fixture(name="app")
def knowing_app(setup: CeleryTestSetup) -> Celery:
    """The app of this process, which knows the operations under test, too."""
    with warnings.catch_warnings(action="ignore", category=DuplicateTaskNameWarning):
        task.register(setup.app)
    return setup.app


@pytest.fixture
def held(setup: CeleryTestSetup) -> Iterator[CeleryTestSetup]:
    """The setup, whose worker takes no messages of the default queue."""
    assert setup.app.control.cancel_consumer("default", reply=True)
    yield setup
    assert setup.app.control.add_consumer("default", reply=True)


@pytest.fixture
def command_environment(setup: CeleryTestSetup, environment: dict[str, str]) -> dict[str, str]:  # noqa: ARG001
    return environment | {"RUN_POLL_SECONDS": "0.2"}


@pytest.fixture
def start(command_environment: dict[str, str]) -> Start:
    def started(*words: str, stderr: int = subprocess.PIPE) -> "subprocess.Popen[str]":
        command, nothing, out = [sys.executable, "manage.py", *words], subprocess.DEVNULL, subprocess.PIPE
        return warm.Popen(
            command, cwd=ROOT, env=command_environment, stdin=nothing, stdout=out, stderr=stderr, text=True
        )

    return started


@pytest.fixture
def manage(command_environment: dict[str, str]) -> Manage:
    return lambda *words: warm.run(["manage.py", *words], command_environment)
