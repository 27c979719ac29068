"""Runs that take longer than a worker's time limits allow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_celery import CeleryTestSetup

from tests.acceptance.faults.rows import check_once, enqueued, filled
from tests.acceptance.faults.scale import WHATEVER_BROKER
from tests.acceptance.processes import WorkerProcess
from tests.acceptance.runs import ended

pytestmark = WHATEVER_BROKER


@pytest.fixture
def limited(
    held: CeleryTestSetup, environment: dict[str, str], folder: Path, limits: dict[str, str]
) -> Iterator[WorkerProcess]:
    """The only worker that takes messages has these limits."""
    assert held
    process = WorkerProcess("limited", env=environment | limits, folder=folder)
    with process.started():
        yield process


@pytest.mark.parametrize("limits", [{"TASK_SOFT_TIME_LIMIT": "1", "TASK_TIME_LIMIT": "600"}], ids=["soft"])
@pytest.mark.usefixtures("app", "limited")
def test_a_run_that_is_longer_than_the_soft_time_limit_is_handed_over_until_it_is_done() -> None:
    filled(60)
    run = ended(enqueued(rows=4, pause=0.2))
    assert (run.status, run.losses, run.counts["updated"]) == ("succeeded", 0, 60)
    assert run.attempt > 1
    check_once(60)


@pytest.mark.parametrize("limits", [{"TASK_TIME_LIMIT": "1"}], ids=["hard"])
@pytest.mark.usefixtures("app", "limited")
def test_a_batch_that_is_longer_than_the_hard_time_limit_fails_the_run_and_says_so() -> None:
    filled(2)
    run = ended(enqueued(rows=2, pause=600))
    assert (run.status, run.losses) == ("failed", 5)
    assert "longer than the hard time limit of 1 s" in run.error
    check_once(2, times=0)
