"""A worker that is to stop in the middle of a run."""

import os
import signal
from collections.abc import Callable

import pytest
from pytest_celery import CeleryTestSetup

from tests.acceptance.faults.rows import executor
from tests.acceptance.films import copies, shelf
from tests.acceptance.polling import until
from tests.acceptance.runs import INCREMENT, committed, ended, hurried, sent
from upkeep.operations.models import Run

Stop = Callable[[CeleryTestSetup], object]


def remote_shutdown(setup: CeleryTestSetup) -> None:
    """As `celery control shutdown` and Flower's button."""
    setup.app.control.shutdown()


def terminate(setup: CeleryTestSetup) -> None:
    setup.worker.kill("SIGTERM")


def quit_cold(setup: CeleryTestSetup) -> None:
    """As the second Ctrl-C."""
    setup.worker.kill("SIGQUIT")


@pytest.mark.parametrize("stop", [terminate, remote_shutdown, quit_cold])
def test_a_stopped_worker_hands_its_run_over_and_every_row_is_done_once(setup: CeleryTestSetup, stop: Stop) -> None:
    shelf(400)
    run_id = sent(setup.app, INCREMENT, rows=4, pause=0.4)
    committed(run_id)
    hurried(run_id)
    stop(setup)
    setup.worker.container.wait()
    handed_over = Run.objects.get(pk=run_id)
    assert (handed_over.status, handed_over.attempt, handed_over.losses) == ("queued", 1, 0)
    assert copies() == {1: 400 - handed_over.counts["updated"], 2: handed_over.counts["updated"]}
    setup.worker.restart()
    run = ended(run_id)
    assert (run.status, run.attempt, run.counts["updated"]) == ("succeeded", 2, 400)
    assert copies() == {2: 400}


def test_a_worker_that_begins_anew_hands_its_run_over_and_every_row_is_done_once(setup: CeleryTestSetup) -> None:
    """As after the end of its terminal, or to read new code: by SIGHUP."""
    shelf(400)
    run_id = sent(setup.app, INCREMENT, rows=4, pause=0.4)
    committed(run_id)
    hurried(run_id)
    setup.worker.kill("SIGHUP")
    run = ended(run_id)
    assert (run.status, run.attempt, run.losses, run.counts["updated"]) == ("succeeded", 2, 0, 400)
    assert copies() == {2: 400}


def test_a_frozen_process_is_told_and_does_not_hold_up_the_shutdown_and_every_row_is_done_once(
    setup: CeleryTestSetup,
) -> None:
    shelf(400)
    run_id = sent(setup.app, INCREMENT, rows=4, pause=0.4)
    committed(run_id)
    hurried(run_id)
    frozen = executor(run_id)
    os.kill(frozen, signal.SIGSTOP)
    told = f"process {frozen} of the pool was frozen, by a signal or a debugger: in run {run_id} of {INCREMENT}"
    until(lambda: told in setup.worker.container.logs_since_start(), why="nobody told")
    setup.worker.kill("SIGTERM")
    assert setup.worker.container.wait() == 0
    setup.worker.restart()
    run = ended(run_id)
    assert (run.status, run.counts["updated"], copies()) == ("succeeded", 400, {2: 400})
