"""`celery -A backend beat`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_celery import CeleryTestSetup

from tests.acceptance.films import certification, shouting
from tests.acceptance.processes import CeleryProcess
from tests.acceptance.runs import NORMALIZE, the_run


@pytest.fixture
def beat(environment: dict[str, str], folder: Path) -> Iterator[CeleryProcess]:
    process = CeleryProcess("beat", "beat", "--pidfile=", "--max-interval=1", env=environment, folder=folder)
    yield process
    process.teardown()


@pytest.fixture
def entry(setup: CeleryTestSetup) -> Iterator[PeriodicTask]:  # noqa: ARG001 - there is a database
    every_second = IntervalSchedule.objects.create(every=1, period="seconds")
    task = PeriodicTask.objects.create(name="Every second", task=NORMALIZE, interval=every_second)
    yield task
    PeriodicTask.objects.filter(pk=task.pk).delete()
    every_second.delete()


def test_a_due_entry_becomes_a_recorded_run_that_the_worker_carries_out(
    beat: CeleryProcess, entry: PeriodicTask
) -> None:
    film = shouting()
    beat.start()
    run = the_run(origin="beat: Every second")
    beat.stop()
    assert (run.operation, run.status, run.queue, certification(film)) == (NORMALIZE, "succeeded", "default", "pg")
    entry.refresh_from_db()
    assert entry.total_run_count
    assert "Traceback" not in beat.logs()


@pytest.mark.parametrize("task", ["elsewhere.gone", "collection.gone"])
def test_an_entry_whose_task_is_not_there_leaves_a_failed_run(
    beat: CeleryProcess, entry: PeriodicTask, task: str
) -> None:
    PeriodicTask.objects.filter(pk=entry.pk).update(task=task, one_off=True)
    beat.start()
    run = the_run(origin="beat: Every second")
    beat.stop()
    assert (run.operation, run.status) == (task, "failed")
    assert task in run.error
