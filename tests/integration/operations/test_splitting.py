from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from backend.collection.models import DVD
from tests.acceptance.polling import until
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds
from tests.operations.dvds import RefusalError, add, added
from tests.operations.scripted import played, reread, scripted_halves, stage
from upkeep.operations import cancellation, runner
from upkeep.operations.context import RunContext
from upkeep.operations.leases import claims, losses
from upkeep.operations.models import Run
from upkeep.operations.submission import requeue

T = TypeVar("T")
pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]


def divided(number: int = 2) -> Run:
    """A run that waits for its parts."""
    dvds(4)
    run = played(add_one_to_each, what=scripted_halves, partitions=number)
    assert (run.status, run.lease_until, run.parts.count()) == ("running", None, number)
    return run


def apart(call: Callable[..., T], *arguments: Any) -> T:
    """What `call` returns, by a connection of its own."""
    try:
        return call(*arguments)
    finally:
        connection.close()


def waiting() -> int:
    """How many sessions wait for a lock of another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])


def test_a_run_that_waits_for_its_parts_is_not_lost_with_the_process_that_split_it() -> None:
    run = divided()
    losses.release_of(run.executor, cause="it was killed")
    assert (reread(run).status, reread(run).losses) == ("running", 0)


def test_what_a_run_noted_before_its_split_is_kept_when_it_is_cancelled_there() -> None:
    dvds(4)

    def body(run: RunContext) -> None:
        run.log("about to begin")
        cancellation.cancel(Run.objects.get().pk)
        add_one_to_each(run)

    run = played(body, what=scripted_halves)
    assert run.status == "cancelled"
    assert [line.message for line in run.log.all()] == ["about to begin"]


def test_a_run_that_failed_before_its_split_is_done_as_a_whole_in_the_foreground() -> None:
    dvds(4)

    def refuse(_run: RunContext) -> None:
        raise RefusalError

    run = played(refuse, what=scripted_halves)
    assert run.status == "failed"
    stage.body = add_one_to_each
    requeue(run.pk, queue="")
    outcome = runner.carry_out(run.pk, claims.claim(run.pk) or 0, foreground=True)
    assert (outcome.status, copies(), Run.objects.count()) == ("succeeded", [2] * 4, 1)


def test_a_step_that_can_have_no_rows_needs_no_parts() -> None:
    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.filter(pk__in=[])):
            batch.commit(added(batch.items), write=add)

    run = played(body, what=scripted_halves)
    assert (run.status, run.error) == ("succeeded", "")


def test_a_part_that_never_comes_to_its_step_fails() -> None:
    run = divided()

    def body(_run: RunContext) -> None:
        """Nothing: the operation thinks that there is nothing to do."""

    stage.body = body
    part = run.parts.order_by("created_at")[0]
    runner.carry_out(part.pk, claims.claim(part.pk) or 0)
    part = reread(part)
    assert (part.status, part.error) == ("failed", "it is a part of step '', which the operation did not reach")


def test_a_cancellation_and_a_split_do_not_wait_for_each_other() -> None:
    run = divided()
    part = run.parts.first()
    assert part
    Run.objects.filter(pk=run.pk).update(status="failed")
    requeue(run.pk, queue="default")
    attempt = claims.claim(run.pk)
    assert attempt
    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            Run.objects.select_for_update().get(pk=part.pk)
            splitting = threads.submit(apart, runner.carry_out, run.pk, attempt)
            until(lambda: waiting() == 1)
            cancelling = threads.submit(apart, cancellation.cancel, run.pk)
            until(lambda: waiting() == 2)
        splitting.result()
        assert cancelling.result() == "cancelled"
    run = reread(run)
    assert (run.status, run.losses, run.attempt) == ("cancelled", 0, attempt + 1)
    assert {part.status for part in run.parts.all()} == {"cancelled"}
