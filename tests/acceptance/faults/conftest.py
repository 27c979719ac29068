"""Faults on purpose. By default each once, with a fixed seed and short intervals; `make chaos ROUNDS=n` has random ones
and the real intervals, and prints what was seen.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random, SystemRandom

import pytest
from pytest_celery import CeleryTestSetup
from rich import box
from rich.console import Console
from rich.table import Table

from tests.acceptance.faults.scale import CHAOS, REAL, SHORT, Scale
from tests.acceptance.processes import WorkerProcess

SEED = 20_261_121
SEEN = pytest.StashKey[dict[str, str]]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every fault has one seed, or in chaos as many as there are rounds."""
    if "seed" in metafunc.fixturenames:
        rounds = int(os.environ.get(CHAOS, "0"))
        metafunc.parametrize("seed", [SystemRandom().randrange(10**9) for _ in range(rounds)] or [SEED])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """In chaos, what was seen as a table."""
    if CHAOS not in os.environ:
        return
    table = Table("fault and what must hold", "seed", "seen", "seconds", "held", box=box.SIMPLE)
    for verdict in ("passed", "failed"):
        for report in terminalreporter.stats.get(verdict, []):
            name, _, seed = report.nodeid.rpartition("::test_")[2].rstrip("]").partition("[")
            seen = config.stash.get(SEEN, {}).get(report.nodeid, "")
            held = "yes" if verdict == "passed" else "[bold red]NO[/]"
            table.add_row(name.replace("_", " "), seed, seen, f"{report.duration:.0f}", held)
    Console(width=160).print(table)


@pytest.fixture
def see(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes note of what a fault did."""
    seen = request.config.stash.setdefault(SEEN, {})
    return lambda told: seen.update({request.node.nodeid: told})


@pytest.fixture
def scale() -> Scale:
    return REAL if CHAOS in os.environ else SHORT


@pytest.fixture(autouse=True)
def random(seed: int) -> Random:
    """Chooses the moments of a fault."""
    return Random(seed)  # noqa: S311 - no secret depends on it


@pytest.fixture
def second(setup: CeleryTestSetup, environment: dict[str, str], folder: Path) -> Iterator[WorkerProcess]:  # noqa: ARG001
    """Another worker, which takes messages too."""
    process = WorkerProcess("second", env=environment, folder=folder)
    with process.started():
        yield process
