import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import sleep
from typing import Any
from uuid import UUID

import pytest
from django.db import ProgrammingError, connection

from backend.collection.models import DVD
from tests.acceptance.polling import MAX_SECONDS, until
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds, paged, tallied
from tests.integration.operations.processes import managing
from tests.operations.dvds import PLAN, WRITE, add, added
from tests.operations.scripted import claimed, claimed_again, played, recorded, reread, resumed
from upkeep.operations import cancellation, runner
from upkeep.operations.context import RunContext
from upkeep.operations.leases import claims
from upkeep.operations.models import Run

pytestmark = COMMITTED


@contextmanager
def cancelling(run: Run, *, after: Event) -> Iterator[None]:
    """Cancel the run from another connection once the event is set."""

    def cancel() -> None:
        assert after.wait(MAX_SECONDS)
        cancellation.cancel(run.pk)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        cancelled = threads.submit(cancel)
        yield
        cancelled.result()


def cancelled(body: Callable[[RunContext, Event], None], **columns: Any) -> Run:
    """A run that does that, and is cancelled when it sets the event."""
    ready = Event()
    run = claimed(lambda context: body(context, ready), **columns)
    with cancelling(run, after=ready):
        runner.carry_out(run.pk, run.attempt)
    return reread(run)


def sleeping(_run: RunContext, ready: Event) -> None:
    ready.set()
    sleep(600)


def in_a_statement(_run: RunContext, ready: Event) -> None:
    with connection.cursor() as cursor:
        ready.set()
        cursor.execute("SELECT pg_sleep(600)")


def fetching(run: RunContext, ready: Event) -> None:
    def fetch(_items: Sequence[int]) -> None:
        ready.set()
        released.wait(600)

    released = Event()
    try:
        for _batch in run.batches(lambda _after: [([1], 1)], fetch=fetch):
            pass
    finally:
        released.set()


def preparing(run: RunContext, ready: Event) -> None:
    def prepare(_changes: object) -> list[Any]:
        ready.set()
        sleep(600)
        return []

    run.commit(lambda: added(DVD.objects.all()), write=add, prepare=prepare)


def writing(run: RunContext, ready: Event) -> None:
    def write(changes: Sequence[Any]) -> None:
        add(changes)
        in_a_statement(run, ready)

    run.commit(lambda: added(DVD.objects.all()), write=write)


def writing_by_sql(run: RunContext, ready: Event) -> None:
    for batch in run.batches(DVD.objects.all()):
        ready.set()
        batch.commit_sql(plan=PLAN, write=WRITE.replace(" WHERE", ", pg_sleep(600) AS slow WHERE"))


@pytest.mark.parametrize("body", [sleeping, in_a_statement, fetching, preparing, writing, writing_by_sql])
def test_a_cancelled_run_stops_in_the_middle_of_whatever_it_does(body: Callable[[RunContext, Event], None]) -> None:
    dvds(2)
    run = cancelled(body)
    assert (run.status, run.error) == ("cancelled", "")
    assert run.finished_at
    assert copies() == [1, 1]
    assert tallied(run.counts) == {}


def test_a_cancelled_run_is_cancelled_whatever_its_operation_makes_of_the_interruption() -> None:
    """As Django does, which fails to leave a transaction that was interrupted within its commit."""

    def body(run: RunContext, ready: Event) -> None:
        try:
            sleeping(run, ready)
        except KeyboardInterrupt:
            raise ProgrammingError("can't change 'autocommit' now") from None

    run = cancelled(body)
    assert (run.status, run.error) == ("cancelled", "")


def test_a_run_in_another_thread_than_the_main_one_is_cancelled_between_two_batches() -> None:
    stored = dvds(4_000)

    def body(run: RunContext, ready: Event) -> None:
        for batch in run.batches(paged([[dvd] for dvd in stored])):
            batch.commit(added(batch.items), write=add)
            ready.set()
            sleep(0.02)

    def work() -> Run:
        try:
            return cancelled(body)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(work).result()
    assert run.status == "cancelled"
    assert 0 < run.counts["updated"] < 4_000


def test_the_batches_before_a_cancellation_keep_their_effects_and_resuming_finishes_the_others() -> None:
    stored = dvds(6)
    pages = [stored[:2], stored[2:4], stored[4:]]

    def body(run: RunContext, ready: Event) -> None:
        for number, batch in enumerate(run.batches(paged(pages))):
            batch.commit(added(batch.items), write=add)
            if number == 1 and not ready.is_set():
                ready.set()
                sleep(600)

    run = cancelled(body)
    assert (run.status, copies()) == ("cancelled", [2, 2, 2, 2, 1, 1])
    assert tallied(run.counts) == {"processed": 4, "updated": 4}
    run = resumed(run)
    assert (run.status, copies()) == ("succeeded", [2] * 6)
    assert tallied(run.counts) == {"processed": 6, "updated": 6}


def test_a_cancellation_at_any_moment_leaves_counts_that_agree_with_the_effects() -> None:
    for moment in range(8):
        stored = dvds(60)

        def body(run: RunContext, ready: Event, stored: Any = stored) -> None:
            for batch in run.batches(paged([[dvd] for dvd in stored])):
                batch.commit(added(batch.items), write=add)
                if batch.items[0] is stored[0]:
                    ready.set()

        ready = Event()
        run = claimed(lambda run, ready=ready, body=body: body(run, ready))  # type: ignore[misc]
        with interrupting(after=ready, seconds=moment * 0.0237):
            runner.carry_out(run.pk, run.attempt, foreground=True)
        run = reread(run)
        assert run.counts["updated"] == run.changes.count() == run.changes_recorded == sum(copies()) - 60
        run = run if run.status == "succeeded" else resumed(run)
        assert copies() == [2] * 60
        assert run.counts["updated"] == run.changes.count() == 60
        DVD.objects.all().delete()


@contextmanager
def interrupting(*, after: Event, seconds: float) -> Iterator[None]:
    """Press Ctrl-C so long after the event."""

    def interrupt() -> None:
        assert after.wait(MAX_SECONDS)
        sleep(seconds)
        if not ended.is_set():
            signal.raise_signal(signal.SIGINT)

    ended = Event()
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with ThreadPoolExecutor(1) as threads:
            interrupted = threads.submit(interrupt)
            yield
            ended.set()
            interrupted.result()
    finally:
        signal.signal(signal.SIGINT, before)


def test_cancelling_a_queued_run_ends_it_at_once() -> None:
    run = recorded(add_one_to_each)
    assert cancellation.cancel(run.pk) == "cancelled"
    run = reread(run)
    assert run.cancel_at
    assert run.finished_at
    assert claims.claim(run.pk) is None


@pytest.mark.parametrize("status", ["succeeded", "failed", "skipped"])
def test_cancelling_an_ended_run_changes_nothing(status: str) -> None:
    run = recorded(add_one_to_each, status=status)
    assert cancellation.cancel(run.pk) == status
    assert reread(run).cancel_at is None


def test_cancelling_a_run_that_there_is_not_is_told() -> None:
    assert cancellation.cancel(UUID(int=1)) is None


def test_a_run_that_is_handed_over_goes_back_to_the_queue_and_on_elsewhere() -> None:
    stored = dvds(4)

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([[dvd] for dvd in stored])):
            batch.commit(added(batch.items), write=add)

    run = claimed(body)
    asked = iter([False, False, True])
    outcome = runner.carry_out(run.pk, run.attempt, hand_over=lambda: next(asked))
    run = reread(run)
    assert (outcome.status, run.status, run.finished_at, run.lease_until) == ("queued", "queued", None, None)
    assert copies() == [2, 2, 1, 1]
    run = claimed_again(run)
    assert (run.status, run.attempt, copies()) == ("succeeded", 2, [2] * 4)
    assert tallied(run.counts) == {"processed": 4, "updated": 4}


def test_a_run_that_was_asked_to_stop_is_not_handed_over_but_cancelled() -> None:
    def body(_run: RunContext) -> None:
        cancellation.cancel(run.pk)
        for _batch in _run.batches(lambda _after: [([1], 1)]):
            pass

    run = claimed(body)
    runner.carry_out(run.pk, run.attempt, hand_over=lambda: True)
    run = reread(run)
    assert run.status == "cancelled"
    assert run.finished_at


def test_a_run_watches_itself_no_longer_than_it_lasts() -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)]
    played(add_one_to_each)
    cancelled(sleeping)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)] == handlers


@pytest.mark.parametrize(("number", "hang"), [(signal.SIGINT, "fetch"), (signal.SIGTERM, "sleep")])
def test_a_command_that_is_interrupted_ends_with_130(
    environment: dict[str, str], number: signal.Signals, hang: str
) -> None:
    dvds(90)
    with managing(environment, "add_one", f"--hang={hang}") as process:
        until(lambda: Run.objects.filter(counts__updated__gt=0).exists())
        process.send_signal(number)
        out, err = process.communicate(timeout=MAX_SECONDS)
    run = Run.objects.get()
    assert (process.returncode, run.status) == (130, "cancelled")
    assert sum(copies()) == 90 + run.counts["updated"] > 90
    assert "cancelled" in out
    assert f"resume_run {run.pk}" in err
    assert "Traceback" not in err
