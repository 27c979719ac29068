import pytest
from celery.contrib.abortable import AbortableAsyncResult
from celery.exceptions import TaskRevokedError
from celery.result import AsyncResult

from backend.config.celery import app
from tests.operations.dvds import RefusalError
from tests.operations.scripted import claimed, played, recorded, reread
from upkeep.operations.context import RunContext
from upkeep.operations.errors import OperationError
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.states import ENDED, Status
from upkeep.worker.results import RunBackend

pytestmark = pytest.mark.django_db


def do_nothing(run: RunContext) -> None:
    """But tell it."""
    run.report("Nothing.", done=0)


def refuse(_run: RunContext) -> None:
    raise RefusalError("no more")


def interrupt(_run: RunContext) -> None:
    raise KeyboardInterrupt


def result_of(run: Run) -> AsyncResult:
    """What Celery knows of it."""
    return app.AsyncResult(str(run.pk))


def test_a_run_that_waits_is_pending_and_one_that_runs_is_started() -> None:
    assert (result_of(recorded(do_nothing)).state, result_of(recorded(do_nothing)).result) == ("PENDING", None)
    assert (result_of(claimed(do_nothing)).state, result_of(claimed(do_nothing)).result) == ("STARTED", None)


def test_the_result_of_a_run_that_succeeded_is_its_outcome() -> None:
    run = played(do_nothing)
    result = result_of(run)
    assert result.state == "SUCCESS"
    assert result.get(timeout=60)["run"] == str(run.pk)
    assert (result.result["status"], result.result["result"]) == ("succeeded", {"done": 0})


def test_the_result_of_a_failed_run_is_its_error() -> None:
    result = result_of(played(refuse))
    assert (result.state, str(result.result)) == ("FAILURE", "no more")
    with pytest.raises(OperationError, match="no more"):
        result.get(timeout=60)


def test_a_cancelled_run_is_revoked() -> None:
    result = result_of(played(interrupt))
    assert result.state == "REVOKED"
    with pytest.raises(TaskRevokedError):
        result.get(timeout=60)


def test_a_skipped_run_is_revoked_and_says_why() -> None:
    run = recorded(do_nothing)
    claims.move(run.pk, Run.Status.QUEUED, Run.Status.SKIPPED, error="already running")
    result = result_of(run)
    assert (result.state, result.ready(), result.successful(), result.failed()) == ("REVOKED", True, False, False)
    with pytest.raises(TaskRevokedError, match=f"run {run.pk} was skipped: already running"):
        result.get(timeout=60)


@pytest.mark.parametrize("status", Status)
def test_a_run_exists_for_celery_in_every_status_and_is_ready_once_it_has_ended(status: Status) -> None:
    run = recorded(do_nothing, status=status)
    assert result_of(run).exists()
    assert result_of(run).ready() == (status in ENDED)


@pytest.mark.parametrize("task_id", ["00000000-0000-0000-0000-000000000001", "nonsense", "a\x00b"])
def test_of_what_is_no_run_nothing_is_known(task_id: str) -> None:
    assert app.AsyncResult(task_id).state == "PENDING"
    assert not RunBackend(app=app).task_result_exists(task_id)


def test_aborting_cancels_the_run() -> None:
    for run, status in ((recorded(do_nothing), "cancelled"), (claimed(do_nothing), "running")):
        AbortableAsyncResult(str(run.pk), app=app).abort()
        run = reread(run)  # noqa: PLW2901
        assert run.status == status
        assert run.cancel_at


def test_forgetting_a_result_does_not_delete_its_run() -> None:
    run = played(do_nothing)
    result_of(run).forget()
    assert reread(run).status == "succeeded"
