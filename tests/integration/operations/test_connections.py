"""An executor whose connection to the database breaks, at any moment."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from threading import Event, Timer

import pytest
from django.db import OperationalError, connection, transaction
from pytest_django import Settings

from backend.collection.models import DVD
from tests.acceptance.polling import MAX_SECONDS
from tests.integration.operations.factories import COMMITTED, copies, dvds, lose, paged, tallied
from tests.integration.operations.outages import away, elsewhere
from tests.operations.dvds import add, added
from tests.operations.scripted import claimed, played, reread
from upkeep.operations import runner
from upkeep.operations.context import RunContext
from upkeep.operations.delivery import sweep
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.plans import Change

pytestmark = COMMITTED
PAGES = 4
ROWS = 2


def backend() -> int:
    """The server's process behind this connection."""
    return int(connection.connection.info.backend_pid)


def disconnect() -> None:
    """End this connection, as a restart of the server would; nobody notices before the next statement."""
    with elsewhere() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend()])


def disconnect_within_commit(*, done: bool) -> None:
    """End this connection when COMMIT is sent, or when it is done and its answer under way."""
    raw = connection.connection
    commit = raw.commit

    def broken() -> None:
        if done:
            commit()
        disconnect()
        raw.execute("SELECT 1")

    raw.commit = broken


MOMENTS: dict[str, Callable[[], None]] = {
    "before the batch": disconnect,
    "before the write": disconnect,
    "after the write": disconnect,
    "within the commit": partial(disconnect_within_commit, done=False),
    "after the commit": partial(disconnect_within_commit, done=True),
    "at the end": disconnect,
}


class Faults:
    """Breaks the connection so often at one moment of the run's life."""

    def __init__(self, moment: str, *, page: int, times: int = 1) -> None:
        self._where = (moment, page)
        self._left = times

    def come(self, moment: str, page: int) -> None:
        """This is that moment of this page; break the connection if it is the one."""
        if (moment, page) == self._where and self._left:
            self._left -= 1
            MOMENTS[moment]()


def adding(stored: Sequence[DVD], faults: Faults, losses: list[int] | None = None) -> Callable[[RunContext], None]:
    """An operation that adds one to each, in four pages, with these faults."""
    pages = [stored[place : place + ROWS] for place in range(0, len(stored), ROWS)]
    numbers = {page[0].pk: number for number, page in enumerate(pages)}

    def body(run: RunContext) -> None:
        for batch in run.batches(paged(pages)):
            page = numbers[batch.items[0].pk]

            def write(changes: Sequence[Change], page: int = page) -> None:
                if losses is not None:
                    losses.append(Run.objects.get().losses)
                faults.come("before the write", page)
                add(changes)
                for moment in ("after the write", "within the commit", "after the commit"):
                    faults.come(moment, page)

            faults.come("before the batch", page)
            batch.commit(added(batch.items), write=write)
        faults.come("at the end", 0)
        run.report("done", rows=len(stored))

    return body


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("page", [0, PAGES - 1])
def test_a_lost_connection_loses_no_row_and_does_none_twice(moment: str, page: int) -> None:
    stored = dvds(PAGES * ROWS)
    run = played(adding(stored, Faults(moment, page=0 if moment == "at the end" else page)))
    assert (run.status, run.error, run.attempt) == ("succeeded", "", 2)
    assert copies() == [2] * len(stored)
    assert tallied(run.counts) == {"processed": len(stored), "updated": len(stored)}
    assert run.changes_recorded == run.changes.count() == len(stored)
    assert run.changes.values("key").distinct().count() == len(stored)
    assert run.result == {"rows": len(stored)}


def test_a_connection_that_is_lost_before_the_run_begins_is_made_anew() -> None:
    stored = dvds(PAGES * ROWS)
    run = claimed(adding(stored, Faults("", page=0)))
    disconnect()
    runner.carry_out(run.pk, run.attempt)
    run = reread(run)
    assert (run.status, run.attempt, copies()) == ("succeeded", 2, [2] * len(stored))


def test_the_next_commit_makes_it_forget_the_losses() -> None:
    stored, losses = dvds(PAGES * ROWS), list[int]()
    run = played(adding(stored, Faults("after the write", page=1, times=3), losses))
    assert (run.status, run.attempt, run.losses) == ("succeeded", 4, 0)
    assert losses == [0, 0, 1, 2, 3, 0, 0]
    assert copies() == [2] * len(stored)


def test_the_fifth_loss_in_a_row_fails_it_with_what_the_database_said() -> None:
    stored = dvds(PAGES * ROWS)
    run = played(adding(stored, Faults("after the write", page=1, times=100)))
    assert (run.status, run.attempt, run.losses) == ("failed", 5, 4)
    assert run.error.startswith("the database interrupted it 5 times in a row without a commit between them: ")
    assert "terminating connection" in run.error
    assert copies() == [2] * ROWS + [1] * (len(stored) - ROWS)
    assert tallied(run.counts) == {"processed": ROWS, "updated": ROWS}


def test_a_deadlock_is_survived() -> None:
    first, second = dvds(2)
    theirs, ours = Event(), Event()
    attempts = count(1)

    def stand_in_the_way() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL deadlock_timeout = '20s'")
                DVD.objects.filter(pk=second.pk).update(location="theirs")
                theirs.set()
                assert ours.wait(MAX_SECONDS)
                DVD.objects.filter(pk=first.pk).update(location="theirs")
        finally:
            connection.close()

    def write(changes: Sequence[Change]) -> None:
        if next(attempts) == 1:
            assert theirs.wait(MAX_SECONDS)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '50ms'")
        for change in changes:
            add([change])
            ours.set()

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit(added(batch.items), write=write)

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(stand_in_the_way)
        run = played(body)
        other.result()
    assert (run.status, run.attempt, next(attempts)) == ("succeeded", 2, 3)
    assert copies() == [2, 2]
    assert tallied(run.counts) == {"processed": 2, "updated": 2}


def test_an_error_that_will_not_pass_is_not_tried_again() -> None:
    def body(_run: RunContext) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_read_file('/nowhere')")

    run = played(body)
    assert (run.status, run.attempt) == ("failed", 1)


@pytest.mark.usefixtures("broker")
def test_a_database_that_does_not_come_back_leaves_a_run_that_a_sweep_takes_up(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "RECONNECT_SECONDS": 0.3, "LEASE_SECONDS": 2}
    stored = dvds(PAGES * ROWS)
    run = claimed(adding(stored, Faults("after the write", page=1)))
    connection.ensure_connection()
    with away(), pytest.raises(OperationalError, match="not currently accepting connections"):
        runner.carry_out(run.pk, run.attempt)
    run = reread(run)
    assert (run.status, run.attempt, run.losses) == ("running", 1, 0)
    lose(run)
    sweep.sweep()
    assert claims.claim(run.pk) == 2
    runner.carry_out(run.pk, 2)
    assert (reread(run).status, copies()) == ("succeeded", [2] * len(stored))


def test_a_database_that_comes_back_in_time_is_waited_for(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "RECONNECT_SECONDS": 600}
    stored = dvds(PAGES * ROWS)
    run = claimed(adding(stored, Faults("after the write", page=1)))
    with away() as come_back:
        later = Timer(0.5, come_back)
        later.start()
        runner.carry_out(run.pk, run.attempt)
        later.join()
    assert (reread(run).status, reread(run).attempt, copies()) == ("succeeded", 2, [2] * len(stored))


def test_a_run_in_a_transaction_of_its_caller_is_not_tried_again() -> None:
    """The caller's transaction is gone: nobody can go on in it."""
    run = claimed(lambda _run: disconnect())
    with pytest.raises(OperationalError), transaction.atomic():
        runner.carry_out(run.pk, run.attempt)
    connection.close()
    assert reread(run).attempt == 1
