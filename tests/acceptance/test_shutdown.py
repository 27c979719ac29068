"""SIGTERM on a worker in the middle of a run."""

from pytest_celery import CeleryTestSetup

from tests.acceptance.films import copies, shelf
from tests.acceptance.runs import INCREMENT, committed, ended, hurried, sent
from upkeep.operations.models import Run


def test_a_stopped_worker_hands_its_run_over_and_every_row_is_done_once(setup: CeleryTestSetup) -> None:
    shelf(400)
    run_id = sent(setup.app, INCREMENT, rows=4, pause=0.4)
    committed(run_id)
    hurried(run_id)
    setup.worker.kill("SIGTERM")
    assert setup.worker.container.wait() == 0
    handed_over = Run.objects.get(pk=run_id)
    assert (handed_over.status, handed_over.attempt, handed_over.losses) == ("queued", 1, 0)
    assert copies() == {1: 400 - handed_over.counts["updated"], 2: handed_over.counts["updated"]}
    setup.worker.restart()
    run = ended(run_id)
    assert (run.status, run.attempt, run.counts["updated"]) == ("succeeded", 2, 400)
    assert copies() == {2: 400}
