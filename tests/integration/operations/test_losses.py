from collections.abc import Iterator
from itertools import count

import pytest
from django.db import connection

from backend.collection.models import DVD
from backend.operations import connections
from backend.operations.context import RunContext
from tests.integration.operations.factories import COMMITTED, copies, dvds, paged, skipped
from tests.operations.dvds import add, added
from tests.operations.scripted import played

pytestmark = COMMITTED


@pytest.fixture(autouse=True)
def _own_connection() -> Iterator[None]:
    """Broken ones do not outlive a test."""
    yield
    connections.leave(borrowed=False)


def break_the_connection() -> None:
    """What a crash of the server's process does, or an administrator."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


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
