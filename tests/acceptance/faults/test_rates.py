"""Two workers that ask the same host."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_celery import CeleryTestSetup

from backend.collection.models import DVD
from tests.acceptance.faults.scale import WHATEVER_BROKER
from tests.acceptance.processes import WorkerProcess
from tests.acceptance.runs import REFRESH, ended
from tests.servers.tmdb import tmdb_server
from upkeep.testing.servers.process import Server

ALLOWED = 40
"""Requests in any second."""
FILMS = 200
pytestmark = WHATEVER_BROKER


@pytest.fixture
def strict() -> Iterator[Server]:
    """A TMDB that refuses what two workers that know nothing of each other would send."""
    with tmdb_server(limit=ALLOWED * 5 // 4) as server:  # a process that stood still sends a request late
        yield server


@pytest.fixture
def two_workers(
    setup: CeleryTestSetup, strict: Server, environment: dict[str, str], folder: Path
) -> Iterator[list[WorkerProcess]]:
    """The only workers that take messages of `connectors`, with one process each."""
    assert setup.app.control.cancel_consumer("connectors", reply=True)
    env = environment | {"TMDB_API_URL": strict.url, "TMDB_REQUESTS_PER_SECOND": str(ALLOWED)}
    workers = [WorkerProcess(name, env=env, folder=folder, children=1) for name in ("left", "right")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.ready()
    yield workers
    for worker in workers:
        worker.stop()
    assert setup.app.control.add_consumer("connectors", reply=True)


@pytest.mark.usefixtures("two_workers")
def test_two_workers_keep_the_rate_that_a_host_allows_between_them(
    setup: CeleryTestSetup, strict: Server, see: Callable[[str], None]
) -> None:
    DVD.objects.bulk_create(DVD(name=f"Film {number}", tmdb_id=number) for number in range(1, FILMS + 1))
    both = [setup.app.tasks[REFRESH].delay(dry_run=True).id for _ in range(2)]  # dry runs take no key
    runs = [ended(run_id) for run_id in both]
    seen = strict.stats()
    kept = (len(seen.arrivals) - 1) / (seen.arrivals[-1] - seen.arrivals[0])
    see(f"{len(seen.arrivals)} requests, {kept:.1f} a second, {seen.refused} refused")
    assert {run.counts["updated"] for run in runs} == {FILMS}
    assert len({run.executor for run in runs}) == 2
    assert (len(seen.arrivals), seen.refused) == (2 * FILMS, 0)
