"""What a sweep makes of runs that nobody works on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Barrier, Event
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.db.models import F
from pytest_django import DjangoAssertNumQueries, Settings

from backend.collection.models import DVD
from tests.acceptance.polling import MAX_SECONDS
from tests.integration.messages import messages
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds, lose
from tests.operations.scripted import claimed, claimed_again, played, recorded, reread, scripted_alone
from upkeep.operations import cancellation, submission
from upkeep.operations.context import RunContext
from upkeep.operations.counts import Counts, Outcomes
from upkeep.operations.delivery import statements, sweep
from upkeep.operations.errors import LostClaim
from upkeep.operations.execution.ledger import Ledger
from upkeep.operations.execution.progress import Unwatched
from upkeep.operations.leases import claims, connections, losses
from upkeep.operations.management.commands import recover_runs
from upkeep.operations.models import Run, RunFile
from upkeep.operations.states import Status

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]
BACKOFF = 1_000
LEASE = 10
"""Seconds; so many that a test cannot take them for anything else."""


@pytest.fixture(autouse=True)
def _short(settings: Settings, broker: str) -> None:
    """Nobody waits long for a lease to pass, and nothing is left of the tests before."""
    settings.UPKEEP = {**settings.UPKEEP, "LEASE_SECONDS": LEASE}
    settings.UPKEEP = {**settings.UPKEEP, "BACKOFF_SECONDS": BACKOFF}
    messages(broker)


def do_nothing(run: RunContext) -> None:
    """Nothing."""


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def wait_for_parts(run: Run) -> None:
    with transaction.atomic():
        claims.park(run.pk, run.attempt)


def swept(run: Run) -> Run:
    """The run after its executor was lost, and a sweep."""
    lose(run)
    sweep.sweep()
    return reread(run)


# ---- lost executors


def test_the_first_loss_puts_a_run_back_into_the_queue_at_once() -> None:
    run = swept(claimed(do_nothing))
    assert (run.status, run.losses, run.not_before, run.lease_until) == ("queued", 1, None, None)
    assert (run.error, run.finished_at) == ("", None)
    assert run.sent_at  # by the same sweep
    assert claims.claim(run.pk) == 2


@pytest.mark.parametrize(("before", "seconds"), [(1, BACKOFF), (2, 2 * BACKOFF), (3, 4 * BACKOFF)])
def test_each_further_loss_makes_it_wait_twice_as_long(before: int, seconds: int) -> None:
    run, began = claimed(do_nothing, losses=before, sent_at=ago(1)), ago(0)
    run = swept(run)
    assert (run.status, run.losses, run.sent_at) == ("queued", before + 1, None)
    assert run.not_before
    assert began < run.not_before - timedelta(seconds=seconds) < ago(0)
    assert claims.claim(run.pk) is None


def test_the_fifth_loss_in_a_row_fails_it_and_says_why() -> None:
    run = swept(claimed(do_nothing, losses=4))
    assert (run.status, run.losses, run.lease_until) == ("failed", 5, None)
    assert run.error == (
        "its executor was lost 5 times in a row without a commit between them, "
        f"the last one on {run.executor}: it did not renew its lease"
    )
    assert run.finished_at
    assert submission.requeue(run.pk, queue="default").losses == 0


def test_a_commit_makes_it_forget_its_losses() -> None:
    dvds(1)
    run = played(add_one_to_each, losses=4)
    assert (run.status, run.losses) == ("succeeded", 0)


def test_a_write_without_progress_does_not_make_it_forget_them() -> None:
    run = claimed(do_nothing, losses=3)
    Ledger(run, Unwatched()).flush()
    assert reread(run).losses == 3


def test_a_lost_run_that_was_asked_to_stop_is_cancelled() -> None:
    run = claimed(do_nothing, losses=4)
    cancellation.cancel(run.pk)
    run = swept(run)
    assert (run.status, run.error) == ("cancelled", "")
    assert run.finished_at


def test_a_lost_run_of_the_foreground_is_failed_and_can_be_resumed() -> None:
    dvds(1)
    run = swept(claimed(add_one_to_each, queue=""))
    assert (run.status, run.error) == ("failed", f"its process ended: resume_run {run.pk} takes it up")
    submission.requeue(run.pk, queue="")
    run = claimed_again(run)
    assert (run.status, copies(), run.losses) == ("succeeded", [2], 0)


@pytest.mark.parametrize(("losses_before", "left"), [(4, 0), (0, 1)])
def test_the_files_of_a_lost_run_are_kept_as_long_as_it_may_go_on(losses_before: int, left: int) -> None:
    run = claimed(do_nothing, losses=losses_before)
    RunFile.objects.create(run=run, sha256="0" * 64, content=b"x")
    swept(run)
    assert RunFile.objects.count() == left


def test_nobody_is_lost_before_the_server_has_run_for_a_whole_lease(settings: Settings) -> None:
    run = claimed(do_nothing)
    lose(run)
    settings.UPKEEP = {**settings.UPKEEP, "LEASE_SECONDS": 10**6}
    assert not sweep.sweep().released
    assert reread(run).status == "running"
    settings.UPKEEP = {**settings.UPKEEP, "LEASE_SECONDS": LEASE}
    assert [released.id for released in sweep.sweep().released] == [run.pk]


def test_a_run_whose_lease_has_not_passed_is_left_alone() -> None:
    run, lost = claimed(do_nothing), claimed(do_nothing)
    claims.renew(run.pk, run.attempt)
    swept(lost)
    assert (reread(run).status, reread(lost).status) == ("running", "queued")


def test_a_process_that_is_known_to_be_dead_loses_its_own_runs_and_says_how_it_died() -> None:
    dead, other = claimed(do_nothing, losses=4), claimed(do_nothing)
    Run.objects.filter(pk=other.pk).update(executor="elsewhere:1")
    [released] = losses.release_of(dead.executor, cause="it was shot")
    assert (released.id, released.status) == (dead.pk, "failed")
    assert reread(dead).error.endswith(f"the last one on {dead.executor}: it was shot")
    assert reread(other).status == "running"


def test_a_run_that_waits_for_its_parts_has_no_executor_to_lose() -> None:
    run = claimed(do_nothing)
    wait_for_parts(run)
    assert losses.release_of(run.executor, cause="it was shot") == []
    assert (reread(run).status, reread(run).losses) == ("running", 0)


def test_a_sweep_does_not_wait_for_a_row_that_somebody_works_on() -> None:
    busy, run = claimed(do_nothing), claimed(do_nothing)
    lose(busy)
    lose(run)
    locked, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Run.objects.select_for_update().get(pk=busy.pk)
            locked.set()
            done.wait(MAX_SECONDS)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(hold)
        assert locked.wait(MAX_SECONDS)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        try:
            assert [released.id for released in sweep.sweep().released] == [run.pk]
        finally:
            done.set()
            connection.close()


# ---- whoever was released cannot write any more


@pytest.mark.parametrize("taken_over", [False, True])
def test_an_executor_that_was_released_can_write_nothing(*, taken_over: bool) -> None:
    dvds(1)
    run = claimed(do_nothing)
    ledger = Ledger(run, Unwatched())
    swept(run)
    if taken_over:
        claims.claim(run.pk)
    before = reread(run)

    def effect() -> Outcomes:
        DVD.objects.update(copy_number=F("copy_number") + 1)
        return (), Counts.one("updated", 1)

    for write in (
        lambda: ledger.commit("", 1, effect),
        ledger.flush,
        lambda: ledger.close(Status.SUCCEEDED),
        lambda: wait_for_parts(run),
        lambda: claims.release(run.pk, run.attempt, Status.FAILED),
    ):
        with pytest.raises(LostClaim):
            write()
    claims.renew(run.pk, run.attempt)
    assert claims.claim_again(run.pk, run.attempt) is None
    assert copies() == [1]
    assert _row(reread(run)) == _row(before)


def _row(run: Run) -> dict[str, Any]:
    return {field.attname: getattr(run, field.attname) for field in run._meta.fields}


def test_a_frozen_executor_in_the_middle_of_a_transaction_is_disconnected_and_holds_no_row() -> None:
    dvds(1)
    run = claimed(do_nothing)
    lose(run)
    inside, released = Event(), Event()

    def freeze() -> str:
        try:
            with transaction.atomic():
                connections.label(run)
                add_to_all()
                claims.write(run.pk, run.attempt, run.commits, {"report": ["x"]})
                inside.set()
                assert released.wait(MAX_SECONDS)
                add_to_all()
        except OperationalError as error:
            return str(error)
        finally:
            inside.set()
            connection.close()
        return "it went on"

    with ThreadPoolExecutor(1) as threads:
        frozen = threads.submit(freeze)
        assert inside.wait(MAX_SECONDS)
        found = sweep.sweep().released
        add_to_all()  # would wait for the row
        released.set()
        assert "terminating connection" in frozen.result()
    assert [lost.id for lost in found] == [run.pk]
    assert (reread(run).report, copies()) == ([], [2])


def add_to_all() -> None:
    DVD.objects.update(copy_number=F("copy_number") + 1)


# ---- runs that never began


def test_a_queued_run_that_expired_is_skipped() -> None:
    run, begun, valid = (
        recorded(do_nothing, expires_at=ago(1), sent_at=ago(0)),
        recorded(do_nothing, expires_at=ago(1), attempt=1, sent_at=ago(0)),
        recorded(do_nothing, expires_at=ago(-60), sent_at=ago(0)),
    )
    assert sweep.sweep().skipped == [run.pk]
    run = reread(run)
    assert (run.status, run.error) == ("skipped", "it expired before a worker took it")
    assert run.finished_at
    assert (reread(begun).status, reread(valid).status) == ("queued", "queued")


def test_a_foreground_run_whose_process_never_began_it_is_ended() -> None:
    run, new, resumed, queued = (recorded(do_nothing, queue=name, sent_at=ago(0)) for name in ("", "", "", "default"))
    Run.objects.exclude(pk=new.pk).update(created_at=ago(LEASE + 1))
    Run.objects.filter(pk=resumed.pk).update(not_before=ago(0))
    sweep.sweep()
    run = reread(run)
    assert (run.status, run.error) == ("cancelled", "its process ended before it began")
    assert run.finished_at
    assert {reread(other).status for other in (new, resumed, queued)} == {"queued"}


# ---- two at once, and none to do


def test_an_idle_sweep_is_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    claimed(do_nothing, what=scripted_alone)
    recorded(do_nothing, what=scripted_alone)  # waits for the key
    recorded(do_nothing, sent_at=ago(1))
    recorded(do_nothing, not_before=ago(-60))
    recorded(do_nothing, queue="")
    played(do_nothing)
    with django_assert_num_queries(1):
        assert sweep.sweep() == sweep.Swept()


def test_two_sweeps_at_once_release_and_send_nothing_twice(broker: str) -> None:
    lost = [claimed(do_nothing) for _ in range(10)]
    others = [*(recorded(do_nothing) for _ in range(10)), *(recorded(do_nothing, sent_at=ago(60)) for _ in range(10))]
    for run in lost:
        lose(run)
    both = Barrier(2)

    def sweep_at_once(_number: int) -> sweep.Swept:
        try:
            both.wait(MAX_SECONDS)
            return sweep.sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        found = [*threads.map(sweep_at_once, range(2)), sweep.sweep()]
    assert sorted(run.id for done in found for run in done.released) == sorted(run.pk for run in lost)
    sent = sorted(run_id for done in found for run_id in done.sent)
    assert sent == sorted(run.pk for run in [*lost, *others])
    assert sorted(UUID(headers["id"]) for headers, _ in messages(broker)) == sent
    assert {reread(run).losses for run in lost} == {1}


def test_a_sweep_does_nothing_while_another_is_under_way(broker: str) -> None:
    run = claimed(do_nothing)
    recorded(do_nothing)
    lose(run)
    locked, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [statements.LOCK])
            locked.set()
            done.wait(MAX_SECONDS)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(hold)
        assert locked.wait(MAX_SECONDS)
        swept = sweep.sweep()
        done.set()
    assert not any((swept.released, swept.skipped, swept.finished, swept.sent))
    assert (reread(run).status, messages(broker)) == ("running", [])


def test_recover_runs_tells_what_it_did() -> None:
    lost, expired, unsent = claimed(do_nothing), recorded(do_nothing, expires_at=ago(1)), recorded(do_nothing)
    lose(lost)
    out = StringIO()
    call_command(recover_runs.Command(), stdout=out)
    assert out.getvalue().splitlines() == [
        f"testing.scripted {lost.pk}: its executor was lost; it is queued",
        f"{expired.pk}: it expired before a worker took it; it is skipped",
        "runs that lost their executor: 1, messages sent: 2",
    ]
    assert reread(unsent).sent_at
