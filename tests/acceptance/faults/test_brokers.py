"""Brokers that forget, stop, or deliver everything again and again."""

import re
import time
from collections.abc import Callable
from random import Random

import pytest
from celery import Celery
from pytest_celery import CeleryTestSetup
from redis import Redis

from tests.acceptance.faults.rows import check_once, enqueued, filled
from tests.acceptance.faults.scale import Scale
from tests.acceptance.films import locked
from tests.acceptance.runs import INCREMENT, committed, ended
from upkeep.operations.models import Run

pytestmark = pytest.mark.usefixtures("app")


def test_a_broker_that_forgets_everything_loses_no_run(setup: CeleryTestSetup, see: Callable[[str], None]) -> None:
    filled(400)
    with locked(300):
        busy = [committed(enqueued(rows=4)).pk for _ in range(2)]
        waiting = [enqueued(rows=200) for _ in range(50)]
        assert Run.objects.filter(status="queued").count() == 50
        _forget(setup)
    flushed_at = time.monotonic()
    runs = [ended(run_id, 120) for run_id in [*busy, *waiting]]
    see(f"all had ended {time.monotonic() - flushed_at:.1f} s later")
    assert {(run.status, run.attempt) for run in runs} == {("succeeded", 1)}
    check_once(400, times=52)


def test_a_broker_that_is_away_loses_nothing(
    setup: CeleryTestSetup, scale: Scale, random: Random, see: Callable[[str], None]
) -> None:
    filled(2_000)
    before = len(setup.worker.logs())
    during = committed(enqueued(rows=10, pause=0.05)).pk
    time.sleep(random.uniform(0.0, 0.5))  # the moment is the point
    setup.broker.container.stop()
    started = time.monotonic()
    enqueued_meanwhile = [enqueued(rows=500) for _ in range(5)]
    took = time.monotonic() - started
    assert not Run.objects.filter(pk__in=enqueued_meanwhile).exclude(status="queued", sent_at=None).exists()
    time.sleep(max(0.0, scale.outage - took))  # so long it is to be away
    setup.broker.container.start()
    back_at = time.monotonic()
    runs = [ended(run_id, 120) for run_id in [during, *enqueued_meanwhile]]
    see(f"5 runs enqueued in {took:.1f} s; all had ended {time.monotonic() - back_at:.1f} s after the broker was back")
    assert {run.status for run in runs} == {"succeeded"}
    check_once(2_000, times=6)
    assert not _unexpected_tracebacks(setup.worker.logs()[before:])


def test_a_run_whose_every_message_is_delivered_three_times_executes_once(
    setup: CeleryTestSetup, app: Celery, see: Callable[[str], None]
) -> None:
    filled(200)
    runs = [enqueued(rows=10, pause=0.01) for _ in range(10)]
    for run_id in runs * 2:
        app.send_task(INCREMENT, kwargs={"rows": 10, "pause": 0.01}, task_id=str(run_id), queue="default")
    found = [ended(run_id) for run_id in runs]
    see(f"{len(runs)} runs, {3 * len(runs)} messages")
    assert {(run.status, run.attempt) for run in found} == {("succeeded", 1)}
    assert Run.objects.count() == len(runs)
    assert setup.worker
    check_once(200, times=10)


def _forget(setup: CeleryTestSetup) -> None:
    """Let the broker lose all messages; Redis its queues' bindings, too."""
    url = setup.broker.config()["host_url"]
    if url.startswith("redis"):
        Redis.from_url(url).flushall()
    else:
        setup.app.control.purge()


def _unexpected_tracebacks(log: str) -> list[str]:
    """Those that do not belong to Celery's way to tell that it connects again."""
    blocks = re.split(r"^(?=\[\d{4}-\d\d-\d\d )", log, flags=re.MULTILINE)
    return [block for block in blocks if "Traceback" in block and "Connection to broker lost" not in block]
