"""A long run that several processes share."""

import os
import signal
from uuid import UUID

import pytest
from pytest_celery import CeleryTestSetup

from tests.acceptance.films import copies, locked, shelf
from tests.acceptance.polling import until
from tests.acceptance.processes import Manage
from tests.acceptance.runs import ended
from tests.operations.increment_parts import IncrementParts, increment_parts
from upkeep.operations import cancellation, submission
from upkeep.operations.models import Run

ENDS = (2_999, 5_999, 8_999)
"""The last film of each part of 9,000."""


@pytest.mark.usefixtures("app")
def test_a_split_run_does_every_row_once_and_shows_the_sum_of_its_parts() -> None:
    shelf(900)
    run = ended(submission.enqueue(increment_parts, IncrementParts(pause=0.001)).pk)
    assert (run.status, run.counts["updated"], run.attempt) == ("succeeded", 900, 3)
    assert run.result == {"copies": 900}
    assert [part.counts["updated"] for part in run.parts.all()] == [300, 300, 300]
    assert copies() == {2: 900}


@pytest.mark.usefixtures("app")
def test_two_processes_work_on_the_parts_at_the_same_time() -> None:
    shelf(9_000)
    with locked(*ENDS):
        whole = submission.enqueue(increment_parts, IncrementParts())
        parts = until(lambda: _running(whole.pk, 2))
        assert len({part.executor for part in parts}) == 2
        assert Run.objects.get(pk=whole.pk).status == "running"
    assert ended(whole.pk).status == "succeeded"


@pytest.mark.usefixtures("app")
def test_the_cancellation_of_a_split_run_reaches_its_parts() -> None:
    shelf(9_000)
    with locked(*ENDS):
        whole = submission.enqueue(increment_parts, IncrementParts())
        until(lambda: _running(whole.pk, 2))
        cancellation.cancel(whole.pk)
        run = ended(whole.pk)
    assert run.status == "cancelled"
    assert {part.status for part in run.parts.all()} == {"cancelled"}
    assert 0 < run.counts["updated"] == copies()[2] < 9_000


@pytest.mark.usefixtures("app")
def test_a_part_that_fails_fails_the_whole_which_can_be_resumed(manage: Manage) -> None:
    shelf(300)
    run = ended(submission.enqueue(increment_parts, IncrementParts(fails=True)).pk)
    assert (run.status, run.counts["updated"], copies()) == ("failed", 200, {1: 100, 2: 200})
    assert "part 1 of 3" in run.error
    assert "it was told to" in run.error
    Run.objects.update(params={"pause": 0.0, "fails": False})
    told = manage("resume_run", str(run.pk), "--wait")
    assert (told.returncode, copies()) == (0, {2: 300})
    run = Run.objects.get(pk=run.pk)
    assert (run.status, run.counts["updated"], run.parts.count()) == ("succeeded", 300, 3)
    assert "300 processed: 300 updated" in told.stdout


@pytest.mark.usefixtures("app")
def test_a_part_whose_process_is_killed_goes_on_after_its_last_commit() -> None:
    shelf(9_000)
    with locked(*ENDS):
        whole = submission.enqueue(increment_parts, IncrementParts())
        for part in until(lambda: _running(whole.pk, 2)):
            os.kill(int(part.executor.rpartition(":")[2]), signal.SIGKILL)
    run = ended(whole.pk)
    assert (run.status, run.error, run.counts["updated"]) == ("succeeded", "", 9_000)
    assert copies() == {2: 9_000}


def test_the_command_line_says_into_how_many_parts(setup: CeleryTestSetup, manage: Manage) -> None:
    assert setup
    shelf(100)
    told = manage("increment_parts", "--partitions", "2", "--wait", "--verbose")
    assert told.returncode == 0
    assert told.stdout.count("updated Film") == 100
    run = Run.objects.get(parent=None)
    assert (run.parts.count(), copies()) == (2, {2: 100})
    here = manage("increment_parts", "--partitions", "2")
    assert (here.returncode, here.stderr) == (
        2,
        "CommandError: --partitions is for workers: it needs --enqueue or --wait\n",
    )
    many = manage("increment_parts", "--partitions", "65", "--enqueue")
    assert (many.returncode, many.stderr) == (2, "CommandError: partitions is a number from 1 to 64, not 65\n")
    assert manage("increment_parts").returncode == 0
    assert copies() == {3: 100}


def _running(whole: UUID, number: int) -> list[Run]:
    parts = list(Run.objects.filter(parent=whole, status="running", commits__gt=0))
    return parts if len(parts) >= number else []
