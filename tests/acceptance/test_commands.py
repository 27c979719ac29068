"""The command line that sends work to a worker."""

import json
import os
import pty
from contextlib import suppress

from django.core.management import call_command
from pytest_celery import CeleryTestSetup

from tests.acceptance.films import copies, locked, shelf
from tests.acceptance.polling import until
from tests.acceptance.processes import Manage, Start
from tests.acceptance.runs import INCREMENT, committed, ended, the_run
from tests.integration.collection.factories import dvd
from upkeep.operations.models import Run
from upkeep.testing.servers.faults import patched, status
from upkeep.testing.servers.process import Server


def test_enqueue_prints_the_id_of_a_run_that_the_worker_carries_out(manage: Manage) -> None:
    shelf(3)
    done = manage("increment_rows", "--enqueue")
    run = ended(done.stdout.strip())
    assert (done.returncode, done.stderr) == (0, "")
    assert (run.status, run.origin, run.queue, copies()) == ("succeeded", "command", "default", {2: 3})


def test_wait_prints_the_outcome_of_the_run(manage: Manage) -> None:
    shelf(3)
    done = manage("increment_rows", "--wait", "--json")
    outcome = json.loads(done.stdout)
    run = Run.objects.get(pk=outcome["run"])
    assert (done.returncode, outcome["status"], outcome["counts"]["updated"]) == (0, "succeeded", 3)
    assert (run.queue, copies()) == ("default", {2: 3})


def test_wait_exits_with_3_when_items_failed(manage: Manage, tmdb: Server) -> None:
    dvd(tmdb_id=1)
    dvd(tmdb_id=2)
    tmdb.fail({"2": patched(budget="much")})
    done = manage("refresh_missing_details", "--wait")
    assert done.returncode == 3
    assert "2 processed: 1 updated, 1 failed" in done.stdout


def test_wait_exits_with_1_when_the_run_failed(manage: Manage, tmdb: Server) -> None:
    dvd(tmdb_id=1)
    tmdb.fail({"*": status(401)})
    done = manage("refresh_missing_details", "--wait")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "401" in done.stderr


def test_wait_shows_the_progress_and_exits_with_130_when_the_run_is_cancelled(
    start: Start, setup: CeleryTestSetup
) -> None:
    shelf(1000)
    terminal, its_end = pty.openpty()
    with locked(500), start("increment_rows", "--wait", "--rows", "10", stderr=its_end) as process:
        os.close(its_end)
        shown = ""
        while "processed" not in shown:
            shown += os.read(terminal, 4096).decode()
        call_command("cancel_run", str(committed(Run.objects.get(operation=INCREMENT).pk).pk))
        with suppress(OSError):  # Linux's way to say that the terminal has no other end any more
            while os.read(terminal, 4096):
                pass
        assert process.wait(timeout=60) == 130
    os.close(terminal)
    assert setup.worker.container.status == "running"


def test_ctrl_c_only_stops_watching(start: Start) -> None:
    shelf(20)
    with locked(10), start("increment_rows", "--wait", "--rows", "4") as process:
        run = committed(until(Run.objects.filter(operation=INCREMENT).first).pk)
        process.send_signal(2)
        assert process.wait(timeout=60) == 130
    assert ended(run.pk).status == "succeeded"
    assert copies() == {2: 20}


def test_run_task_enqueues(manage: Manage) -> None:
    shelf(3)
    done = manage("run_task", "increment_rows", "--rows", "2")
    run = ended(done.stdout.strip())
    assert (done.returncode, run.queue, run.params["rows"], copies()) == (0, "default", 2, {2: 3})


def test_run_task_with_sync_runs_here(manage: Manage, setup: CeleryTestSetup) -> None:
    shelf(3)
    done = manage("run_task", INCREMENT, "--sync")
    run = the_run(operation=INCREMENT)
    assert (done.returncode, run.queue, run.status, copies()) == (0, "", "succeeded", {2: 3})
    assert "3 processed: 3 updated" in done.stdout
    assert str(run.pk) not in setup.worker.logs()
