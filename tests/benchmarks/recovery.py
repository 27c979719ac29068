"""What it costs that nothing queued is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from celery import Celery, Task
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from backend.config.celery import app
from tests.benchmarks.operations import Nothing, count_copies
from tests.benchmarks.pairs import seconds
from tests.benchmarks.report import Row, at_most
from upkeep.embedded import redis
from upkeep.operations import submission
from upkeep.operations.delivery import sweep
from upkeep.operations.models import Run
from upkeep.worker.broker import queue_length

BACKLOG = 10_000


def enqueueing(*, quick: bool) -> Iterator[Row]:
    """Beside Celery's own `delay()`, in turns on the same broker, and one commit."""
    rounds = 200 if quick else 2_000
    with broker() as url, connection.cursor() as cursor:
        bare = Celery("bare", broker=url).task(name="bare")(_nothing)
        cursor.execute("CREATE TABLE IF NOT EXISTS one_commit (number integer)")
        commit = partial(cursor.execute, "INSERT INTO one_commit VALUES (1)")
        turns = [_turn(bare, commit) for _ in range(rounds)]
        cursor.execute("DROP TABLE one_commit")
        many = [Nothing()] * rounds
        singly = seconds(lambda: [submission.enqueue(count_copies, each) for each in many])
        together = seconds(lambda: submission.enqueue_many(count_copies, many))
    ours, plain, committed = (1_000 * median(times) for times in zip(*turns, strict=True))
    yield Row(
        "enqueue", "beyond Celery's delay() and one commit",
        ours - plain - committed, "ms", at_most(0.4), f"{ours:.2f} ms", f"{plain:.2f} ms + {committed:.2f} ms",
    )  # fmt: skip
    yield Row(
        "enqueue_many", f"{rounds:,} runs by one call, beside as many calls",
        together / singly, "x", at_most(0.1), f"{together:.2f} s", f"{singly:.2f} s",
    )  # fmt: skip


def sweeping(*, quick: bool) -> Iterator[Row]:
    """With nothing to do, and with many runs queued whose messages are all there."""
    backlog = BACKLOG // 10 if quick else BACKLOG
    Run.objects.all().delete()
    with broker():
        yield Row("recovery", "idle: queries a second", _queries() / settings.UPKEEP["SWEEP_SECONDS"], "/s", at_most(1))
        for _ in range(backlog):
            submission.enqueue(count_copies, Nothing())
        Run.objects.update(sent_at=datetime.now(UTC) - timedelta(hours=1))
        before = queue_length("default")
        took = seconds(sweep.sweep)
        sent = (queue_length("default") or 0) - (before or 0)
        yield Row(
            "recovery", f"{backlog:,} queued runs: messages sent again",
            sent, "messages", at_most(0), f"{1_000 * took:.0f} ms a sweep", f"{before:,} messages wait",
        )  # fmt: skip


def _turn(bare: Task, commit: partial[object]) -> tuple[float, float, float]:
    return (
        seconds(lambda: submission.enqueue(count_copies, Nothing())),
        seconds(bare.delay),
        seconds(commit),
    )


def _queries() -> int:
    with CaptureQueriesContext(connection) as captured:
        sweep.sweep()
    return len(captured)


def _nothing() -> None:
    """What the bare task does."""


@contextmanager
def broker() -> Iterator[str]:
    """A redis-server of its own, which no worker listens to."""
    with TemporaryDirectory() as home:
        address = redis.ensure(Path(home))
        url = address.broker_url
        with override_settings(REDIS_URL=address.url, CELERY_BROKER_URL=url):
            app.conf.update(broker_url=url)
            try:
                yield url
            finally:
                redis.stop(Path(home))
