"""Processes that are killed or frozen in the middle of their runs."""

import signal
import socket
import time
from collections.abc import Callable
from random import Random

import pytest
from pytest_celery import CeleryTestSetup

from tests.acceptance.faults.rows import (
    check_once,
    enqueued,
    executor,
    filled,
    kill,
    resumed,
)
from tests.acceptance.faults.scale import WHATEVER_BROKER, Scale
from tests.acceptance.films import locked
from tests.acceptance.polling import until
from tests.acceptance.processes import WorkerProcess
from tests.acceptance.runs import committed, ended, hurried, running
from tests.operations.kill_itself import KillItself, kill_itself
from upkeep.operations import submission
from upkeep.operations.models import Run

KILLS = 20
NODE = f"second@{socket.gethostname()}"
pytestmark = pytest.mark.usefixtures("app")


def test_a_run_whose_processes_are_killed_twenty_times_does_every_row_once(
    setup: CeleryTestSetup, scale: Scale, random: Random, see: Callable[[str], None]
) -> None:
    filled()
    waits: dict[str, list[float]] = {"child": [0.0], "worker": [0.0]}
    victims = ["worker"] * 3 + ["child"] * (KILLS - 3)
    random.shuffle(victims)
    with locked(19_000):
        run_id = enqueued(rows=80, pause=0.05)
        for victim in victims:
            run = running(run_id)
            time.sleep(random.uniform(0.0, 0.7))  # the moment is the point
            if victim == "child":
                kill(executor(run_id))
            else:
                setup.worker.kill()
                setup.worker.container.wait()
                setup.worker.container.start()
            waits[victim].append(resumed(run, scale.child if victim == "child" else scale.worker))
    run = ended(run_id, 120)
    check_once()
    see(f"{run.attempt} attempts; resumed in at most {max(waits['child']):.1f} s, worker {max(waits['worker']):.1f} s")
    assert (run.status, run.counts["updated"]) == ("succeeded", 20_000)


@WHATEVER_BROKER
def test_an_executor_that_was_frozen_while_another_took_over_cannot_commit(
    setup: CeleryTestSetup, second: WorkerProcess, scale: Scale, see: Callable[[str], None]
) -> None:
    filled()
    with locked(19_000):
        run_id = enqueued(rows=100, pause=0.03)
        run, frozen = committed(run_id), executor(run_id)
        kill(frozen, signal.SIGSTOP)
        frozen_at = time.monotonic()
        waited = resumed(run, scale.worker)
    run = ended(run_id, 120)
    time.sleep(max(0.0, scale.freeze - (time.monotonic() - frozen_at)))  # so long it is to be frozen
    kill(frozen, signal.SIGCONT)
    told = f"run {run_id} was taken over by another executor"
    until(lambda: told in setup.worker.logs() + second.logs(), why="the frozen executor did not notice")
    see(f"taken over after {waited:.1f} s")
    check_once()
    assert (run.status, Run.objects.get(pk=run_id).counts["updated"]) == ("succeeded", 20_000)


@WHATEVER_BROKER
def test_a_run_that_kills_its_worker_each_time_fails_and_does_not_hold_others_up(see: Callable[[str], None]) -> None:
    filled(200)
    deadly = submission.enqueue(kill_itself, KillItself()).pk
    other = ended(enqueued(rows=10, pause=0.1))
    run = ended(deadly)
    see(f"{run.error}")
    assert (run.status, run.losses, run.attempt) == ("failed", 5, 5)
    assert "lost 5 times in a row without a commit between them" in run.error
    assert "SIGKILL" in run.error
    assert other.status == "succeeded"
    check_once(200)


@pytest.mark.usefixtures("second")
def test_a_stopped_worker_hands_both_its_runs_over_to_another(
    setup: CeleryTestSetup, see: Callable[[str], None]
) -> None:
    filled(4_000)
    assert setup.app.control.cancel_consumer("default", destination=[NODE], reply=True)
    runs = [committed(enqueued(rows=10, pause=0.2)) for _ in range(2)]
    stopped = {executor(run.pk) for run in runs}
    for run in runs:
        hurried(run.pk)
    assert setup.app.control.add_consumer("default", destination=[NODE], reply=True)
    setup.worker.kill("SIGTERM")
    stopped_at = time.monotonic()
    assert setup.worker.container.wait() == 0
    see(f"stopped in {time.monotonic() - stopped_at:.1f} s")
    assert not [run for run in Run.objects.filter(status="running") if executor(run.pk) in stopped]
    assert [(ended(run.pk).status, ended(run.pk).losses) for run in runs] == [("succeeded", 0)] * 2
    check_once(4_000, times=2)
