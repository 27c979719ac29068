"""What `.delay()` and its result promise."""

import pytest
from celery import chain
from celery.exceptions import TaskRevokedError
from celery.result import AsyncResult
from django.db import transaction
from pytest_celery import CeleryTestSetup

from tests.acceptance.films import certification, shouting
from tests.acceptance.runs import NORMALIZE, REFRESH, ended
from upkeep.operations import cancellation
from upkeep.operations.broker import Audience
from upkeep.operations.errors import OperationError
from upkeep.operations.models import Run
from upkeep.worker import broker


def test_delay_makes_a_recorded_run_that_the_worker_carries_out(setup: CeleryTestSetup) -> None:
    film = shouting()
    result = setup.app.tasks[NORMALIZE].delay()
    run = ended(result.id)
    assert (certification(film), run.status, run.origin, run.attempt) == ("pg", "succeeded", "message", 1)
    assert run.counts["updated"] == 1


def test_the_result_of_a_task_is_the_outcome_of_its_run(setup: CeleryTestSetup) -> None:
    shouting()
    result = setup.app.tasks[NORMALIZE].delay(dry_run=True)
    outcome = result.get(timeout=60)
    assert (outcome["run"], outcome["status"], outcome["dry_run"]) == (result.id, "succeeded", True)
    assert outcome["counts"] == Run.objects.get(pk=result.id).counts
    assert AsyncResult(result.id, app=setup.app).state == "SUCCESS"


def test_the_result_of_a_failed_run_raises_its_reason(setup: CeleryTestSetup) -> None:
    result = setup.app.tasks[REFRESH].delay(limit=0)
    with pytest.raises(OperationError, match="limit should be greater than 0"):
        result.get(timeout=60)


def test_a_chain_goes_on_in_the_worker_and_its_result_is_that_of_the_last_run(setup: CeleryTestSetup) -> None:
    film, normalize = shouting(), setup.app.tasks[NORMALIZE]
    result = chain(normalize.s(dry_run=True), normalize.s()).apply_async()
    outcome = result.get(timeout=60)
    assert (outcome["run"], outcome["dry_run"], outcome["counts"]["updated"]) == (result.id, False, 1)
    assert (result.parent.get()["dry_run"], certification(film)) == (True, "pg")


def test_a_chain_ends_with_the_run_that_fails(held: CeleryTestSetup) -> None:
    refresh, normalize = held.app.tasks[REFRESH], held.app.tasks[NORMALIZE]
    result = chain(normalize.s(), refresh.s(limit=1), normalize.s()).apply_async()
    cancellation.cancel(Run.objects.get(pk=result.parent.parent.id).pk)
    with pytest.raises(TaskRevokedError):
        AsyncResult(result.id, app=held.app).get(timeout=60)


def test_the_row_is_there_before_the_message_which_waits_for_the_commit(held: CeleryTestSetup) -> None:
    with transaction.atomic():
        run_id = held.app.tasks[NORMALIZE].delay().id
        assert Run.objects.filter(pk=run_id, status="queued").exists()
        assert broker.queue_length("default") == 0
    assert broker.queue_length("default") == 1


def test_nothing_is_sent_when_the_caller_rolls_back(setup: CeleryTestSetup) -> None:
    with transaction.atomic():
        lost = setup.app.tasks[NORMALIZE].delay().id
        transaction.set_rollback(True)
    ended(setup.app.tasks[NORMALIZE].delay().id)
    assert lost not in setup.worker.logs()
    assert not Run.objects.filter(pk=lost).exists()


@pytest.mark.parametrize(
    ("queue", "operation", "audience"),
    [
        ("default", "testing.increment_rows", Audience.SOMEBODY),
        ("default", "testing.of_the_next_release", Audience.IGNORANT),
        ("elsewhere", "testing.increment_rows", Audience.NOBODY),
    ],
)
def test_workers_say_what_they_would_take(
    setup: CeleryTestSetup, queue: str, operation: str, audience: Audience
) -> None:
    assert setup.worker
    assert broker.audience(queue, operation) is audience
