"""Every way to stop a run that a worker carries out."""

import os
import signal
from collections.abc import Callable
from uuid import uuid4

import pytest
from celery import Celery
from celery.contrib.abortable import AbortableAsyncResult
from django.core.management import call_command
from pytest_celery import CeleryTestSetup

from tests.acceptance.films import certification, copies, locked, shelf, shouting
from tests.acceptance.processes import Manage
from tests.acceptance.runs import INCREMENT, NORMALIZE, committed, ended, running, sent

Cancel = Callable[[Celery, str], object]


def by_command(_app: Celery, run_id: str) -> None:
    call_command("cancel_run", run_id)


def by_abort(app: Celery, run_id: str) -> None:
    AbortableAsyncResult(run_id, app=app).abort()


def by_revoke(app: Celery, run_id: str) -> None:
    app.control.revoke(run_id, terminate=True)


def by_kill(app: Celery, run_id: str) -> None:
    app.control.revoke(run_id, terminate=True, signal="SIGKILL")


def test_a_process_that_outlived_a_revocation_is_lost_when_it_is_killed_later(setup: CeleryTestSetup) -> None:
    shelf(40)
    revoked = committed(sent(setup.app, INCREMENT, rows=1, pause=0.2))
    by_revoke(setup.app, str(revoked.pk))
    assert ended(revoked.pk).status == "cancelled"
    done = copies()[2]
    with locked(30):
        both = [committed(sent(setup.app, INCREMENT, rows=4)) for _ in range(2)]
        assert revoked.executor in {run.executor for run in both}
        os.kill(int(revoked.executor.rpartition(":")[2]), signal.SIGKILL)
    assert [ended(run.pk).status for run in both] == ["succeeded", "succeeded"]
    assert copies() == {3: 40 - done, 4: done}


@pytest.mark.parametrize("cancel", [by_command, by_abort, by_revoke, by_kill])
def test_a_running_run_stops_before_its_work_is_done(setup: CeleryTestSetup, cancel: Cancel) -> None:
    shelf(1000)
    run_id = sent(setup.app, INCREMENT, rows=1, pause=0.2)
    committed(run_id)
    cancel(setup.app, run_id)
    run = ended(run_id)
    assert run.status == "cancelled"
    assert copies()[2] == run.counts["updated"] > 0
    assert ended(sent(setup.app, NORMALIZE)).status == "succeeded"


def test_a_run_that_stays_in_one_transaction_for_long_stops_within_it(setup: CeleryTestSetup) -> None:
    shelf(2)
    run_id = sent(setup.app, INCREMENT, rows=1, pause=600)
    running(run_id)
    call_command("cancel_run", run_id)
    assert (ended(run_id).status, copies()) == ("cancelled", {1: 2})


def test_a_run_revoked_before_its_start_never_starts(setup: CeleryTestSetup) -> None:
    film, run_id = shouting(), str(uuid4())
    assert setup.app.control.revoke(run_id, reply=True)
    setup.app.tasks[NORMALIZE].apply_async(task_id=run_id)
    run = ended(run_id)
    assert (run.status, run.attempt, certification(film)) == ("cancelled", 0, " PG ")


@pytest.mark.parametrize("cancel", [by_command, by_abort, by_revoke])
def test_a_run_that_waits_at_the_broker_is_cancelled_at_once(held: CeleryTestSetup, cancel: Cancel) -> None:
    run_id = held.app.tasks[NORMALIZE].delay().id
    cancel(held.app, run_id)
    run = ended(run_id)
    assert (run.status, run.attempt) == ("cancelled", 0)


def test_a_cancelled_run_goes_on_where_it_stopped_when_it_is_resumed(setup: CeleryTestSetup, manage: Manage) -> None:
    shelf(20)
    run_id = sent(setup.app, INCREMENT, rows=4)
    with locked(10):
        committed(run_id)
        call_command("cancel_run", run_id)
        assert 0 < ended(run_id).counts["updated"] <= 8
    assert manage("resume_run", run_id, "--wait").returncode == 0
    assert (ended(run_id).counts["updated"], copies()) == (20, {2: 20})


def test_a_revoked_run_can_be_resumed_on_the_worker_that_remembers_it(setup: CeleryTestSetup, manage: Manage) -> None:
    shelf(40)
    run_id = sent(setup.app, INCREMENT, rows=4)
    with locked(10):
        committed(run_id)
        setup.app.control.revoke(run_id, terminate=True)
        assert ended(run_id).status == "cancelled"
    assert manage("resume_run", run_id, "--wait").returncode == 0
    assert (ended(run_id).counts["updated"], copies()) == (40, {2: 40})


def test_a_run_revoked_while_it_waited_can_be_resumed(held: CeleryTestSetup, manage: Manage) -> None:
    run_id = held.app.tasks[NORMALIZE].delay().id
    held.app.control.revoke(run_id, reply=True)
    assert ended(run_id).status == "cancelled"
    assert manage("resume_run", run_id, "--enqueue").returncode == 0
    held.app.control.add_consumer("default", reply=True)
    assert ended(run_id).status == "succeeded"
