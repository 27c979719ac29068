"""Every way to stop a run that a worker carries out."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from celery import Celery
from celery.contrib.abortable import AbortableAsyncResult
from django.core.management import call_command
from django.utils import timezone
from pytest_celery import CeleryTestSetup

from tests.acceptance.films import certification, copies, shelf, shouting
from tests.acceptance.runs import INCREMENT, NORMALIZE, committed, ended, sent

Cancel = Callable[[Celery, str], object]


def by_command(_app: Celery, run_id: str) -> None:
    call_command("cancel_run", run_id)


def by_abort(app: Celery, run_id: str) -> None:
    AbortableAsyncResult(run_id, app=app).abort()


def by_revoke(app: Celery, run_id: str) -> None:
    app.control.revoke(run_id, terminate=True)


@pytest.mark.parametrize("cancel", [by_command, by_abort, by_revoke])
def test_a_running_run_stops_within_two_seconds(setup: CeleryTestSetup, cancel: Cancel) -> None:
    shelf(1000)
    run_id = sent(setup.app, INCREMENT, rows=1, pause=0.2)
    committed(run_id)
    asked_at = timezone.now()
    cancel(setup.app, run_id)
    run = ended(run_id)
    assert run.finished_at
    assert run.status == "cancelled"
    assert (run.finished_at - asked_at).total_seconds() < 2
    assert copies()[2] == run.counts["updated"] > 0
    assert ended(sent(setup.app, NORMALIZE)).status == "succeeded"


def test_a_run_that_stays_in_one_transaction_for_long_stops_within_two_seconds(setup: CeleryTestSetup) -> None:
    shelf(2)
    run_id = sent(setup.app, INCREMENT, rows=1, pause=60)
    setup.worker.wait_for_log(f"{INCREMENT}[{run_id}] received")
    asked_at = timezone.now()
    call_command("cancel_run", run_id)
    run = ended(run_id)
    assert run.finished_at
    assert (run.status, copies()) == ("cancelled", {1: 2})
    assert (run.finished_at - asked_at).total_seconds() < 2


def test_a_run_revoked_before_its_start_never_starts(setup: CeleryTestSetup) -> None:
    film, run_id = shouting(), str(uuid4())
    assert setup.app.control.revoke(run_id, reply=True)
    setup.app.tasks[NORMALIZE].apply_async(task_id=run_id)
    run = ended(run_id)
    assert (run.status, run.attempt, certification(film)) == ("cancelled", 0, " PG ")


def test_a_cancelled_run_goes_on_where_it_stopped_when_it_is_resumed(setup: CeleryTestSetup) -> None:
    film = shouting()
    run_id = str(uuid4())
    assert setup.app.control.revoke(str(run_id), reply=True)
    setup.app.tasks[NORMALIZE].apply_async(task_id=run_id)
    ended(run_id)
    call_command("resume_run", run_id, "--wait")
    assert certification(film) == "pg"
