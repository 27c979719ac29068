from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg
import pytest
from django.db import connection

from backend.collection.models import DVD
from tests.integration.operations.factories import COMMITTED, copies, dvds, lose, paged, skipped
from tests.integration.operations.test_exclusion import do_nothing
from tests.operations.dvds import add, added
from tests.operations.scripted import claimed, played
from upkeep.operations.context import RunContext
from upkeep.operations.leases import connections, losses
from upkeep.operations.leases.labels import APPLICATION_NAME
from upkeep.operations.models import Run

pytestmark = COMMITTED


@pytest.fixture(autouse=True)
def _own_connection() -> Iterator[None]:
    """Broken ones do not outlive a test."""
    yield
    connections.discard(borrowed=False)


def break_the_connection() -> None:
    """What a crash of the server's process does, or an administrator."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@contextmanager
def session(run: Run, **parameters: str) -> Iterator[psycopg.Connection]:
    """Another connection that bears the run's name."""
    known = connection.get_connection_params()
    where = {name: known[name] for name in ("dbname", "host", "port", "user", "password") if known.get(name)}
    name = APPLICATION_NAME.format(run=run.pk, attempt=run.attempt)
    with psycopg.connect(**{**where, **parameters}, application_name=name, autocommit=True) as other:
        yield other


def test_a_run_that_breaks_its_connection_each_time_before_a_commit_fails_at_the_fifth_time() -> None:
    stored = dvds(2)
    attempts = count(1)

    def crash(_plan: object) -> None:
        if next(attempts) > 8:
            pytest.fail("it is tried for ever")
        break_the_connection()

    def body(run: RunContext) -> None:
        for number, batch in enumerate(run.batches(paged([stored[:1], stored[1:]]))):
            if number == 0:
                batch.commit([skipped(dvd) for dvd in batch.items], write=add)
            else:
                batch.commit(added(batch.items), write=crash)

    run = played(body)
    assert (run.status, next(attempts)) == ("failed", 6)


def test_a_run_of_the_same_name_in_another_database_keeps_its_connection() -> None:
    run = claimed(do_nothing)
    lose(run)
    with session(run, dbname="postgres") as other:
        assert [lost.id for lost in losses.release_late()] == [run.pk]
        assert other.execute("SELECT 1").fetchone() == (1,)


def test_an_executor_that_forgot_its_run_does_not_end_its_own_connection() -> None:
    run = claimed(do_nothing)
    connections.label(run)
    lose(run)
    assert [lost.id for lost in losses.release_late()] == [run.pk]


def test_a_lost_executor_of_another_role_hinders_nobody() -> None:
    run = claimed(do_nothing)
    lose(run)
    with session(run) as other, connection.cursor() as cursor:
        assert other.execute("SELECT 1").fetchone() == (1,)
        cursor.execute("CREATE ROLE sweeper; GRANT ALL ON ALL TABLES IN SCHEMA public TO sweeper; SET ROLE sweeper")
        try:
            assert [lost.id for lost in losses.release_late()] == [run.pk]
        finally:
            connection.close()
            with connection.cursor() as owner:
                owner.execute("DROP OWNED BY sweeper; DROP ROLE sweeper")


def test_an_isolated_step_does_not_take_a_lost_connection_for_its_own_failure() -> None:
    dvds(2)
    attempts = count(1)

    def body(run: RunContext) -> None:
        with run.step("one", isolate=Exception) as step:
            for batch in step.batches(DVD.objects.all()):
                batch.commit(added(batch.items), write=add)
                if next(attempts) == 1:
                    break_the_connection()

    run = played(body)
    assert (run.status, run.counts["failed"], copies()) == ("succeeded", 0, [2, 2])


def test_a_run_that_breaks_its_connection_after_each_commit_goes_on_to_its_end() -> None:
    stored = dvds(7)

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([[dvd] for dvd in stored])):
            batch.commit(added(batch.items), write=add)
            break_the_connection()

    run = played(body, losses=4)
    assert (run.status, run.counts["updated"], copies()) == ("succeeded", 7, [2] * 7)
