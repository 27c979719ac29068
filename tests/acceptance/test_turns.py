"""Runs with the same exclusive key."""

from uuid import uuid4

from pytest_celery import CeleryTestSetup

from tests.acceptance.films import copies, locked, shelf
from tests.acceptance.polling import until
from tests.acceptance.runs import INCREMENT, committed, ended, sent
from upkeep.operations.models import Run
from upkeep.worker.receipt import fired_by


def test_a_second_run_with_the_same_key_waits_for_its_turn_and_then_runs(setup: CeleryTestSetup) -> None:
    shelf(20)
    with locked(10):
        first = committed(sent(setup.app, INCREMENT, rows=5, key="films"))
        second = sent(setup.app, INCREMENT, key="films")
        until(Run.objects.filter(pk=second, status="queued", sent_at=None).first, why="it does not wait")
    assert [ended(run_id).status for run_id in (first.pk, second)] == ["succeeded", "succeeded"]
    assert copies() == {3: 20}


def test_runs_with_different_keys_do_not_wait_for_each_other(setup: CeleryTestSetup) -> None:
    shelf(20)
    with locked(10):
        runs = [committed(sent(setup.app, INCREMENT, rows=5, key=key)).pk for key in ("films", "others")]
        assert Run.objects.filter(pk__in=runs, status="running").count() == 2
    assert [ended(run_id).status for run_id in runs] == ["succeeded", "succeeded"]
    assert copies() == {3: 20}


def test_a_second_run_from_beat_is_skipped_and_says_which_run_holds_the_key(setup: CeleryTestSetup) -> None:
    shelf(20)
    with locked(10):
        first = committed(sent(setup.app, INCREMENT, rows=5, key="films"))
        kwargs = {"rows": 5, "key": "films"}
        task_id = str(uuid4())
        headers = fired_by("Nightly", task_id)
        message = setup.app.send_task(INCREMENT, kwargs=kwargs, task_id=task_id, headers=headers)
        second = ended(message.id)
    assert (second.status, second.origin, second.attempt) == ("skipped", "beat: Nightly", 0)
    assert str(first.pk) in second.error
    assert ended(first.pk).status == "succeeded"
    assert copies() == {2: 20}
