"""Runs whose message was lost, and runs that could not be sent: the broker's queue and the rows are compared."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from redis import Redis

from backend.config.celery import app
from tests.integration.messages import messages, named, publishing, task
from tests.integration.operations.factories import COMMITTED
from tests.integration.operations.outages import away
from tests.operations.dvds import AddOne, add_one
from tests.operations.management.commands import add_one as adding
from tests.operations.scripted import Nothing, claimed, recorded, reread, scripted, scripted_alone
from upkeep.operations import cancellation, runner, submission
from upkeep.operations.broker import publish
from upkeep.operations.context import RunContext
from upkeep.operations.delivery import sweep
from upkeep.operations.delivery.resending import MAX_SENT, send_next
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.worker.sweeper import Recovery, lost

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]
RESEND = 30


@pytest.fixture(autouse=True)
def _intervals(settings: Settings, broker: str) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "RESEND_SECONDS": RESEND}
    messages(broker)


@pytest.fixture
def unreachable(broker: str) -> Iterator[str]:
    """Nobody listens at the broker's address; tells the one of the broker that will be back."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        app.conf.update(broker_url=f"redis://:hush-42@127.0.0.1:{server.getsockname()[1]}/0")
        app._after_fork()  # forgets the connections to another broker
        yield broker


def back(url: str) -> None:
    app.conf.update(broker_url=url)
    app._after_fork()


def do_nothing(run: RunContext) -> None:
    """Nothing."""


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def ids(*runs: Run) -> list[str]:
    return [str(run.pk) for run in runs]


# ---- messages that were lost


def test_a_run_without_a_message_is_sent_at_once(broker: str) -> None:
    first, second = recorded(do_nothing), recorded(do_nothing)
    assert sweep.sweep().sent == [first.pk, second.pk]
    assert named(broker) == ids(first, second)
    assert not sweep.sweep().sent


def test_a_run_whose_message_was_lost_is_sent_again_only_after_a_while(broker: str) -> None:
    recorded(do_nothing, sent_at=ago(0))
    lost, began = recorded(do_nothing, sent_at=ago(RESEND + 1)), ago(0)
    assert sweep.sweep().sent == [lost.pk]
    assert named(broker) == ids(lost)
    renewed = reread(lost).sent_at
    assert renewed
    assert renewed > began
    assert not sweep.sweep().sent


def test_no_more_are_sent_again_than_the_queue_lacks_and_the_oldest_first(broker: str) -> None:
    runs = [recorded(do_nothing, sent_at=ago(RESEND + 9 - number)) for number in range(5)]
    Run.objects.filter(pk=runs[4].pk).update(created_at=ago(1_000))
    for run in runs[:3]:
        publish(run)
    assert sweep.sweep().sent == [runs[4].pk, runs[0].pk]
    assert len(messages(broker)) == 5


def test_a_run_that_was_just_sent_counts_as_one_whose_message_may_be_in_the_queue(broker: str) -> None:
    overdue, new = recorded(do_nothing, sent_at=ago(RESEND + 1)), recorded(do_nothing, sent_at=ago(0))
    publish(new)
    assert sweep.sweep().sent == [overdue.pk]
    publish(new)
    Run.objects.filter(pk=overdue.pk).update(sent_at=ago(RESEND + 1))
    assert not sweep.sweep().sent
    assert len(messages(broker)) == 3


def test_ten_thousand_runs_whose_messages_wait_lead_to_no_message(broker: str) -> None:
    old = ago(10 * RESEND)
    Run.objects.bulk_create(Run(operation=scripted.name, queue="default", sent_at=old) for _ in range(10_000))
    redis = Redis.from_url(broker)
    redis.rpush("default", *["x"] * 10_000)
    assert not sweep.sweep().sent
    assert redis.llen("default") == 10_000
    assert not Run.objects.exclude(sent_at=old).exists()
    redis.flushall()
    assert len(sweep.sweep().sent) == redis.llen("default") == MAX_SENT
    redis.flushall()


def test_each_queue_is_compared_with_its_own_runs(broker: str) -> None:
    elsewhere = [recorded(do_nothing, queue="connectors", sent_at=ago(RESEND + 9)) for _ in range(2)]
    oldest, other = (recorded(do_nothing, sent_at=ago(RESEND + 1)) for _ in range(2))
    for run in [*elsewhere, other]:
        publish(run)
    assert sweep.sweep().sent == [oldest.pk]
    assert named(broker) == ids(other, oldest)
    assert len(messages(broker, "connectors")) == 2


def test_a_run_whose_key_is_held_is_not_sent_and_of_those_that_wait_the_oldest_is(broker: str) -> None:
    holder = claimed(do_nothing, what=scripted_alone)
    waiting = [recorded(do_nothing, what=scripted_alone) for _ in range(3)]
    overdue = recorded(do_nothing, what=scripted_alone, sent_at=ago(RESEND + 1))
    assert not sweep.sweep().sent
    claims.release(holder.pk, holder.attempt, Run.Status.SUCCEEDED)
    assert sweep.sweep().sent == [waiting[0].pk, overdue.pk]
    assert named(broker) == ids(waiting[0], overdue)


def test_runs_without_a_key_do_not_wait_for_each_other(broker: str) -> None:
    runs = [recorded(do_nothing) for _ in range(3)]
    sweep.sweep()
    assert named(broker) == ids(*runs)


def test_the_next_of_a_key_is_the_oldest_that_is_due_and_has_no_message(broker: str) -> None:
    recorded(do_nothing, what=scripted_alone, not_before=ago(-60))
    recorded(do_nothing, what=scripted_alone, queue="")
    recorded(do_nothing, what=scripted_alone, sent_at=ago(1))
    due = [recorded(do_nothing, what=scripted_alone) for _ in range(2)]
    send_next("testing:alone")
    assert named(broker) == ids(due[0])
    assert reread(due[0]).sent_at
    assert reread(due[1]).sent_at is None


@pytest.mark.parametrize(
    "columns",
    [
        {"operation": "testing.gone"},
        {"not_before": ago(-3600)},
        {"cancel_at": ago(1)},
        {"queue": ""},
        {"status": "failed"},
    ],
)
def test_what_nobody_is_to_start_is_left_alone(broker: str, columns: dict[str, object]) -> None:
    runs = [recorded(do_nothing), recorded(do_nothing, sent_at=ago(RESEND + 1))]
    Run.objects.update(**columns)
    before = [reread(run).sent_at for run in runs]
    assert not sweep.sweep().sent
    assert messages(broker) == []
    assert [reread(run).sent_at for run in runs] == before


def test_a_run_whose_time_has_come_is_sent(broker: str) -> None:
    run = recorded(do_nothing, not_before=ago(1))
    sweep.sweep()
    assert named(broker) == ids(run)


def test_a_run_that_was_queued_under_an_earlier_name_is_sent(broker: str) -> None:
    run = recorded(do_nothing, what=scripted_alone)
    Run.objects.update(operation="testing.scripted_by_itself")
    sweep.sweep()
    assert named(broker) == ids(run)


# ---- the broker away


def test_with_the_broker_away_nothing_is_marked_as_sent(unreachable: str) -> None:
    new, overdue = recorded(do_nothing), recorded(do_nothing, sent_at=ago(RESEND + 1))
    assert not sweep.sweep().sent
    assert (reread(new).sent_at, reread(overdue).sent_at) == (None, overdue.sent_at)
    back(unreachable)
    assert sweep.sweep().sent == [new.pk, overdue.pk]
    assert named(unreachable) == ids(new, overdue)


def refused(run: Run, **_options: object) -> bool:  # noqa: ARG001 - what sends
    """As a broker that goes away between the look at its queue and the message."""
    return False


def test_a_message_that_the_broker_does_not_take_is_tried_again(broker: str) -> None:
    new, overdue = recorded(do_nothing), recorded(do_nothing, sent_at=ago(RESEND + 1))
    with publishing(refused):
        assert not sweep.sweep().sent
    assert (reread(new).sent_at, reread(overdue).sent_at) == (None, None)
    assert sweep.sweep().sent == [new.pk, overdue.pk]
    assert named(broker) == ids(new, overdue)


# ---- the outbox


def test_a_run_of_a_transaction_that_rolls_back_leaves_nothing(broker: str) -> None:
    with transaction.atomic():
        submission.enqueue(scripted, Nothing())
        transaction.set_rollback(True)
    assert (messages(broker), Run.objects.count()) == ([], 0)


def test_a_run_is_sent_after_the_transaction_that_records_it(broker: str) -> None:
    with transaction.atomic():
        run = submission.enqueue(scripted, Nothing())
        assert messages(broker) == []
    assert named(broker) == ids(run)
    assert reread(run).sent_at


def test_many_runs_are_enqueued_by_one_statement_and_sent_in_order_after_the_transaction(broker: str) -> None:
    with transaction.atomic():
        with CaptureQueriesContext(connection) as captured:
            runs = submission.enqueue_many(scripted, [Nothing()] * 5, origin="test")
        assert sum("INSERT" in query["sql"] for query in captured) == 1
        assert messages(broker) == []
    assert named(broker) == ids(*runs)
    assert list(Run.objects.order_by("created_at").values_list("pk", "origin")) == [(run.pk, "test") for run in runs]
    assert submission.enqueue_many(scripted, []) == []


def test_many_runs_that_the_broker_does_not_take_wait_for_the_next_sweep(unreachable: str) -> None:
    runs = submission.enqueue_many(scripted, [Nothing()] * 3)
    assert [(run.status, run.sent_at) for run in map(reread, runs)] == [("queued", None)] * 3
    back(unreachable)
    assert sweep.sweep().sent == [run.pk for run in runs]


def test_enqueueing_without_a_broker_keeps_the_run_for_the_next_sweep(unreachable: str) -> None:
    runs = [submission.enqueue(add_one, AddOne()), Run.objects.get(pk=task().delay().id)]
    assert [(run.status, run.sent_at) for run in map(reread, runs)] == [("queued", None)] * 2
    back(unreachable)
    assert sweep.sweep().sent == [runs[0].pk]  # the other one waits for the same key
    assert named(unreachable) == ids(runs[0])


def test_a_command_without_a_broker_says_so_once(unreachable: str, caplog: pytest.LogCaptureFixture) -> None:
    assert unreachable
    out, err = StringIO(), StringIO()
    call_command(adding.Command(), "--enqueue", stdout=out, stderr=err)  # else it would raise
    run = Run.objects.get()
    assert out.getvalue() == f"{run.pk}\n"
    assert err.getvalue() == f"The broker cannot be reached: run {run.pk} stays queued until it is back.\n"
    assert "stays queued" not in caplog.text


def test_a_run_that_was_claimed_before_its_message_failed_keeps_its_mark() -> None:
    run = claimed(do_nothing, sent_at=ago(0))
    with publishing(refused):
        assert not publish(run)
    assert reread(run).sent_at


def test_a_cancelled_run_is_not_sent(broker: str) -> None:
    cancellation.cancel(recorded(do_nothing).pk)
    assert not sweep.sweep().sent
    assert messages(broker) == []


def test_a_message_for_no_run_that_we_know_is_harmless(broker: str) -> None:
    stranger = Run(pk=uuid4(), operation=scripted.name, queue="default")
    assert publish(stranger)
    assert named(broker) == ids(stranger)
    assert runner.execute(scripted_alone, Nothing()).status == "succeeded"


# ---- the worker's own thread


def swept_by_a_worker() -> None:
    """What a worker's thread does until the worker stops."""
    step = Recovery(None)
    step.start(None)
    step.stop(None)


def test_a_worker_that_is_told_of_a_dead_process_takes_its_runs_and_tells_why(caplog: pytest.LogCaptureFixture) -> None:
    dead, failed = claimed(do_nothing), claimed(do_nothing, losses=4)
    lost(os.getpid(), "it was shot")
    lost(None, "nobody")
    swept_by_a_worker()
    assert (reread(dead).status, reread(failed).status) == ("queued", "failed")
    assert reread(failed).error.endswith("it was shot")
    told = f"run {dead.pk} of testing.scripted lost its executor {dead.executor}; it is queued"
    assert told in caplog.text


def test_a_worker_outlives_its_database_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    run = claimed(do_nothing)
    with away():
        connection.close()
        lost(1, "x")
        lost(2, "x")
        swept_by_a_worker()
        assert caplog.text.count("the database cannot be reached") == 1
    lost(os.getpid(), "it was shot")
    swept_by_a_worker()
    assert reread(run).losses == 1
