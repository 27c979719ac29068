"""Runs with the same exclusive key."""

from pytest_celery import CeleryTestSetup

from tests.acceptance.films import copies, shelf
from tests.acceptance.runs import INCREMENT, committed, ended, sent

SLOW = {"rows": 5, "pause": 0.3, "key": "films"}


def test_a_second_run_with_the_same_key_waits_for_its_turn_and_then_runs(setup: CeleryTestSetup) -> None:
    shelf(20)
    first = committed(sent(setup.app, INCREMENT, **SLOW))
    second = ended(sent(setup.app, INCREMENT, key="films"))
    first = ended(first.pk)
    assert (first.status, second.status, copies()) == ("succeeded", "succeeded", {3: 20})
    assert first.finished_at
    assert second.started_at
    assert second.started_at > first.finished_at


def test_runs_with_different_keys_do_not_wait_for_each_other(setup: CeleryTestSetup) -> None:
    shelf(20)
    first = committed(sent(setup.app, INCREMENT, **SLOW))
    second = ended(sent(setup.app, INCREMENT, key="others"))
    first = ended(first.pk)
    assert first.finished_at
    assert second.started_at
    assert second.started_at < first.finished_at


def test_a_second_run_from_beat_is_skipped_and_says_which_run_holds_the_key(setup: CeleryTestSetup) -> None:
    shelf(20)
    first = committed(sent(setup.app, INCREMENT, **SLOW))
    message = setup.app.send_task(INCREMENT, kwargs=SLOW, headers={"periodic_task_name": "Nightly"})
    second = ended(message.id)
    assert (second.status, second.origin, second.attempt) == ("skipped", "beat: Nightly", 0)
    assert str(first.pk) in second.error
    assert ended(first.pk).status == "succeeded"
    assert copies() == {2: 20}
