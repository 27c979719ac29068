"""Faults on purpose. By default few, with a fixed seed and short intervals; `make chaos ROUNDS=n` has random ones and
the real intervals, and prints what was seen.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random, SystemRandom

import pytest
from pytest_celery import CeleryTestSetup, CeleryTestWorker

from tests.acceptance.faults.scale import CHAOS, REAL, SHORT, Scale
from tests.acceptance.processes import WorkerProcess

SEED = 20_261_121
SEEN = pytest.StashKey[list[tuple[str, str]]]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test has one seed, or in chaos as many as there are rounds."""
    rounds = int(os.environ.get(CHAOS, "0"))
    seeds = [SystemRandom().randrange(10**9) for _ in range(rounds)] or [SEED]
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds, scope="function")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was seen, as a table."""
    seen = config.stash.get(SEEN, [])
    width = max((len(name) for name, _ in seen), default=0)
    if seen and os.environ.get(CHAOS):
        terminalreporter.section("what the faults did")
        for name, told in seen:
            terminalreporter.write_line(f"{name:<{width}}  {told}")


@pytest.fixture
def see(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes note of what a fault did."""
    seen = request.config.stash.setdefault(SEEN, [])
    return lambda told: seen.append((request.node.name, told))


@pytest.fixture
def scale() -> Scale:
    return REAL if os.environ.get(CHAOS) else SHORT


@pytest.fixture
def random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - chooses moments


@pytest.fixture
def second(setup: CeleryTestSetup, environment: dict[str, str], folder: Path) -> Iterator[WorkerProcess]:
    """Another worker, which takes messages too."""
    process = WorkerProcess("second", env=environment, folder=folder)
    worker = CeleryTestWorker(process, setup.app)
    process.start()
    process.ready()
    yield process
    worker.teardown()
