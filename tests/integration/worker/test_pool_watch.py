"""Processes of a pool that cannot stop by themselves."""

import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from tests.acceptance.polling import until
from tests.integration.operations.factories import COMMITTED
from tests.operations.scripted import claimed, reread
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.worker.pool_watch import PoolWatch, is_frozen

pytestmark = COMMITTED


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """One of the pool, that hangs."""
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_stopping_worker_kills_a_process_that_hangs_once_it_has_lost_its_run_and_not_before(
    child: "subprocess.Popen[bytes]", settings: Settings
) -> None:
    run = claimed(lambda _run: None)
    Run.objects.filter(pk=run.pk).update(executor=claims.executor(child.pid))
    watch = PoolWatch(None)
    watch._serving = {child.pid}
    settings.UPKEEP = {**settings.UPKEEP, "LEASE_SECONDS": 1e-9}
    watch._end_overdue()
    watch._end_overdue()
    assert (child.poll(), reread(run).status) == (None, "running")
    Run.objects.filter(pk=run.pk).update(lease_until=claims.DatabaseNow() - timedelta(seconds=1))
    watch._end_overdue()
    watch._end_overdue()
    assert (child.wait(), reread(run).status) == (-signal.SIGKILL, "queued")


def test_only_a_stopped_child_of_this_process_counts_as_frozen(child: "subprocess.Popen[bytes]") -> None:
    assert not is_frozen(child.pid)
    child.send_signal(signal.SIGSTOP)
    until(lambda: is_frozen(child.pid), why="it is not seen to be frozen")
    child.kill()
    child.wait()
    assert not is_frozen(child.pid)
    assert not is_frozen(os.getppid())
