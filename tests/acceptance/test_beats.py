"""Several `celery -A backend beat` on one database."""

import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_celery import CeleryTestSetup

from tests.acceptance.polling import until
from tests.acceptance.processes import CeleryProcess
from tests.acceptance.runs import NORMALIZE
from upkeep.operations.models import Run

SECOND = timedelta(seconds=1)


class BeatProcess(CeleryProcess):
    ready_prompt = "beat: Starting"

    def __init__(self, name: str, *, env: dict[str, str], folder: Path) -> None:
        super().__init__(name, "beat", "--pidfile=", "--loglevel=INFO", env=env, folder=folder)


@pytest.fixture
def beats(environment: dict[str, str], folder: Path, entry: PeriodicTask) -> Iterator[list[BeatProcess]]:  # noqa: ARG001
    """Two of them, running."""
    processes = [BeatProcess(name, env=environment, folder=folder) for name in ("one", "other")]
    for process in processes:
        process.start()
    for process in processes:
        process.ready()
    yield processes
    for process in processes:
        process.kill("SIGCONT")
        process.teardown()


@pytest.fixture
def entry(setup: CeleryTestSetup) -> Iterator[PeriodicTask]:  # noqa: ARG001 - there is a database
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    task = PeriodicTask.objects.create(name="Every second", task=NORMALIZE, interval=interval)
    yield task
    PeriodicTask.objects.filter(pk=task.pk).delete()
    interval.delete()


def fired() -> list[datetime]:
    """When the entry fired, by the clock of the Beats: 0.9 s before its run expires."""
    expired = Run.objects.filter(origin="beat: Every second").values_list("expires_at", flat=True)
    return sorted(moment - 0.9 * SECOND for moment in expired if moment)


def firing() -> None:
    """Wait until the entry has fired three times more."""
    before = len(fired())
    until(lambda: len(fired()) >= before + 3, why="no Beat fires")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_beat_goes_on_when_the_other_stops_and_when_it_comes_back(
    how: signal.Signals, beats: list[BeatProcess], entry: PeriodicTask
) -> None:
    firing()
    beats[0].kill(how)
    firing()
    if how is signal.SIGKILL:
        beats[0].restart()
    else:
        beats[0].kill(signal.SIGCONT)
    firing()
    for process in beats:
        process.stop()
    moments = fired()
    assert min(after - before for before, after in pairwise(moments)) > SECOND * 0.99  # none twice
    entry.refresh_from_db()
    assert entry.total_run_count == len(moments)
    assert "Traceback" not in beats[0].logs() + beats[1].logs()
