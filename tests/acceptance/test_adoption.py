"""A command that knows nothing of Upkeep, run by a real worker: it adds a DVD as it begins and as it ends."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from pytest_celery import CeleryTestSetup

from backend.collection.models import DVD
from tests.acceptance.polling import until
from tests.acceptance.processes import WorkerProcess
from tests.acceptance.runs import ended, running, sent
from tests.operations.children import processes
from tests.operations.management.commands.talk import GATE
from upkeep.operations.models import Run


def names() -> list[str]:
    """Of the DVDs that there are."""
    return sorted(DVD.objects.values_list("name", flat=True))


def begun(setup: CeleryTestSetup, operation: str = "testing.talk", **params: object) -> Run:
    """A run whose command is at work."""
    run_id = sent(setup.app, operation, **params)
    until(lambda: names() == ["begun"], why="the command did not begin")
    return running(run_id)


def test_a_worker_runs_a_command_with_its_own_options(setup: CeleryTestSetup) -> None:
    run = ended(sent(setup.app, "testing.talk", words=["hello", "--world"]))
    assert (run.status, run.result, names()) == ("succeeded", {"exit_code": 0}, ["begun", "ended"])
    assert list(run.log.values_list("message", flat=True)) == ["hello", "--world", "begun"]


def test_what_the_command_s_parser_refuses_is_a_failed_run(setup: CeleryTestSetup) -> None:
    run = ended(sent(setup.app, "testing.talk", code=999))
    assert (run.status, run.attempt) == ("failed", 0)
    assert run.error.startswith("argument --code: invalid choice: 999")


def test_a_cancelled_command_is_ended(setup: CeleryTestSetup) -> None:
    run = begun(setup, seconds=600)
    call_command("cancel_run", str(run.pk))
    run = ended(run.pk)
    assert (run.status, names(), processes(run.pk)) == ("cancelled", ["begun"], [])


def test_a_command_beyond_its_time_limit_fails_its_run(setup: CeleryTestSetup) -> None:
    run = ended(sent(setup.app, "testing.talk_briefly", seconds=600))
    assert (run.status, run.error) == ("failed", "manage.py talk took longer than its time limit of 1.5 s")
    assert "ended" not in names()


def kill(run: Run, number: signal.Signals = signal.SIGKILL) -> None:
    """Send the signal to the process of the worker's pool that carried out the run first."""
    os.kill(int(run.executor.rpartition(":")[2]), number)


def test_a_command_whose_worker_is_killed_ends_with_it_and_is_not_begun_twice(setup: CeleryTestSetup) -> None:
    run = begun(setup, seconds=600, deaf=True)
    kill(run)
    until(lambda: not processes(run.pk))
    run = ended(run.pk)
    assert (run.status, run.attempt, names()) == ("failed", 2, ["begun"])
    assert run.error.startswith("manage.py talk was begun, and its worker lost before it ended: look at what it did")


def test_a_command_whose_worker_is_frozen_loses_its_connections_and_ends_once_the_worker_goes_on(
    setup: CeleryTestSetup,
) -> None:
    run = begun(setup, seconds=600, statement=True)
    kill(run, signal.SIGSTOP)
    try:
        assert ended(run.pk).error.startswith("manage.py talk was begun, and its worker lost before it ended")
    finally:
        kill(run, signal.SIGCONT)
    until(lambda: not processes(run.pk))
    assert names() == ["begun"]


def test_a_repeatable_command_whose_worker_is_killed_runs_once_more(setup: CeleryTestSetup) -> None:
    run = begun(setup, "testing.talk_again", seconds=600)
    Run.objects.filter(pk=run.pk).update(params={})  # once more it is soon done
    kill(run)
    assert ended(run.pk).status == "succeeded"
    assert names() == ["begun", "begun", "ended"]


@pytest.fixture
def limited(held: CeleryTestSetup, environment: dict[str, str], folder: Path) -> Iterator[WorkerProcess]:
    """The only worker that takes messages has a soft time limit."""
    assert held
    process = WorkerProcess("impatient", env=environment | {"TASK_SOFT_TIME_LIMIT": "4"}, folder=folder)
    with process.started():
        yield process


@pytest.mark.usefixtures("limited")
def test_a_command_beyond_the_worker_s_soft_time_limit_fails_its_run(setup: CeleryTestSetup) -> None:
    run = ended(sent(setup.app, "testing.talk_again", seconds=600))
    assert (run.status, run.error) == ("failed", "manage.py talk took longer than the worker's soft time limit")
    assert "ended" not in names()


def test_a_worker_that_stops_waits_for_its_command(setup: CeleryTestSetup) -> None:
    with closing(connections.create_connection("default")) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        run = begun(setup, gate=True)
        setup.worker.container.kill("SIGTERM")
        until(lambda: "Warm shutdown" in setup.worker.container.logs_since_start())
        cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])
    run = ended(run.pk)
    assert (run.status, run.attempt, names()) == ("succeeded", 1, ["begun", "ended"])
    setup.worker.container.wait()
