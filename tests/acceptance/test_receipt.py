"""Messages that were sent past `apply_async`, and messages that lie."""

from uuid import uuid4

import pytest
from pytest_celery import CeleryTestSetup

from tests.acceptance.films import certification, copies, shelf, shouting
from tests.acceptance.polling import until
from tests.acceptance.runs import INCREMENT, NORMALIZE, REFRESH, ended, sent, the_run
from upkeep.operations.models import Run


def test_a_message_sent_past_apply_async_is_recorded_on_receipt(setup: CeleryTestSetup) -> None:
    film = shouting()
    run = ended(sent(setup.app, NORMALIZE))
    assert (run.status, run.origin, run.queue, certification(film)) == ("succeeded", "message", "default", "pg")


@pytest.mark.parametrize(
    ("args", "kwargs", "reason"),
    [
        ([], {"limt": 3}, "unknown parameter 'limt' (did you mean 'limit'?)"),
        ([], {"limit": "many"}, "limit should be a valid integer"),
        ([], {"dry_run": "perhaps"}, "dry_run must be true or false"),
        ([3], {}, "an operation takes keyword arguments only"),
    ],
)
def test_a_message_that_does_not_fit_is_one_failed_run_with_the_reason(
    setup: CeleryTestSetup, args: list[int], kwargs: dict[str, str], reason: str
) -> None:
    before = len(setup.worker.logs())
    run = ended(setup.app.send_task(REFRESH, args, kwargs).id)
    assert (run.status, run.attempt) == ("failed", 0)
    assert reason in run.error
    until(lambda: reason in setup.worker.logs()[before:], why="the worker's log does not tell the reason")
    ended(sent(setup.app, NORMALIZE))
    assert Run.objects.filter(operation=REFRESH).count() == 1
    assert "Traceback" not in setup.worker.logs()[before:]
    assert setup.worker.logs()[before:].count(f"Task {REFRESH}[{run.pk}] received") == 1


def test_a_message_whose_id_is_no_uuid_is_dropped_and_the_next_one_is_carried_out(setup: CeleryTestSetup) -> None:
    film = shouting()
    setup.app.send_task(NORMALIZE, task_id="no uuid\x1b[2J")
    run = ended(setup.app.tasks[NORMALIZE].delay().id)
    assert (run.status, certification(film), Run.objects.count()) == ("succeeded", "pg", 1)
    setup.worker.wait_for_log(r"a message is dropped: its id, 'no uuid\x1b[2J', is not a UUID")


def test_the_id_of_another_operations_run_makes_a_run_of_its_own(setup: CeleryTestSetup) -> None:
    other = Run.objects.filter(pk=ended(sent(setup.app, REFRESH)).pk).values().get()
    film = shouting()
    setup.app.send_task(NORMALIZE, task_id=str(other["id"]))
    run = the_run(operation=NORMALIZE)
    assert run.pk != other["id"]
    assert (run.status, certification(film)) == ("succeeded", "pg")
    assert Run.objects.filter(pk=other["id"]).values().get() == other


def test_the_id_of_a_finished_run_runs_nothing(setup: CeleryTestSetup) -> None:
    done = Run.objects.filter(pk=ended(sent(setup.app, NORMALIZE)).pk).values().get()
    film = shouting()
    setup.app.send_task(NORMALIZE, task_id=str(done["id"]), kwargs={"dry_run": True})
    ended(sent(setup.app, REFRESH))
    ended(sent(setup.app, REFRESH))
    assert Run.objects.filter(pk=done["id"]).values().get() == done
    assert (Run.objects.filter(operation=NORMALIZE).count(), certification(film)) == (1, " PG ")


def test_a_message_delivered_three_times_runs_once(setup: CeleryTestSetup) -> None:
    shelf(50)
    run_id, before = str(uuid4()), len(setup.worker.logs())
    for _ in range(3):
        setup.app.send_task(INCREMENT, kwargs={"rows": 10, "pause": 0.1}, task_id=run_id)
    run = ended(run_id)
    received = f"Task {INCREMENT}[{run_id}] received"
    until(lambda: setup.worker.logs()[before:].count(received) == 3, why="three messages, not three receipts")
    ended(sent(setup.app, INCREMENT))
    assert (run.attempt, run.counts["updated"], copies()) == (1, 50, {3: 50})
    assert Run.objects.filter(operation=INCREMENT).count() == 2
    assert "Traceback" not in setup.worker.logs()[before:]


def test_a_recorded_run_whose_message_comes_again_later_is_not_repeated(setup: CeleryTestSetup) -> None:
    task, film = setup.app.tasks[NORMALIZE], shouting()
    run = ended(task.delay().id)
    again = shouting()
    task.send(run)
    ended(sent(setup.app, REFRESH))
    ended(sent(setup.app, REFRESH))
    assert (certification(film), certification(again)) == ("pg", " PG ")
    assert Run.objects.get(pk=run.pk).attempt == 1
