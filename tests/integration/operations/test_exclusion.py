import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds, lose
from tests.operations.scripted import Nothing, claimed, recorded, reread, scripted, scripted_alone
from upkeep.operations import cancellation, runner
from upkeep.operations.context import RunContext
from upkeep.operations.errors import AlreadyRunningError
from upkeep.operations.leases import claims
from upkeep.operations.models import Run

pytestmark = COMMITTED


def do_nothing(run: RunContext) -> None:
    """Nothing."""


def test_a_second_run_of_a_key_is_refused_and_told_who_has_it() -> None:
    first = claimed(do_nothing, what=scripted_alone)
    with pytest.raises(AlreadyRunningError, match=re.escape(str(first.pk))) as caught:
        runner.execute(scripted_alone, Nothing())
    assert caught.value.exit_code == 4
    second = Run.objects.exclude(pk=first.pk).get()
    assert second.status == "skipped"
    assert str(first.pk) in second.error
    assert second.finished_at
    assert reread(first).status == "running"


def test_a_key_is_free_again_when_its_run_ends() -> None:
    dvds(1)
    for expected in (2, 3):
        run = claimed(add_one_to_each, what=scripted_alone)
        runner.carry_out(run.pk, run.attempt)
        assert copies() == [expected]


def test_a_dry_run_takes_no_key() -> None:
    claimed(do_nothing, what=scripted_alone)
    assert runner.execute(scripted_alone, Nothing(), dry_run=True).status == "succeeded"


def test_runs_without_a_key_run_side_by_side() -> None:
    claimed(do_nothing)
    assert runner.execute(scripted, Nothing()).status == "succeeded"


def test_a_queued_run_waits_for_the_key() -> None:
    first = claimed(do_nothing, what=scripted_alone)
    second = recorded(do_nothing, what=scripted_alone)
    with pytest.raises(AlreadyRunningError):
        claims.claim(second.pk)
    assert reread(second).status == "queued"
    runner.carry_out(first.pk, first.attempt)
    assert claims.claim(second.pk) == 1


def test_a_lost_worker_run_gives_its_key_up_and_is_queued_again() -> None:
    lost = claimed(do_nothing, what=scripted_alone)
    lose(lost)
    assert runner.execute(scripted_alone, Nothing()).status == "succeeded"
    lost = reread(lost)
    assert (lost.status, lost.losses, lost.lease_until, lost.finished_at) == ("queued", 1, None, None)
    assert claims.claim(lost.pk) == 2


def test_a_lost_foreground_run_gives_its_key_up_and_is_failed() -> None:
    lost = claimed(do_nothing, what=scripted_alone, queue="")
    lose(lost)
    assert runner.execute(scripted_alone, Nothing()).status == "succeeded"
    lost = reread(lost)
    assert (lost.status, lost.losses) == ("failed", 1)
    assert lost.error == f"its process ended: resume_run {lost.pk} takes it up"
    assert lost.finished_at


def test_a_lost_run_that_was_to_be_cancelled_is_cancelled() -> None:
    lost = claimed(do_nothing, what=scripted_alone)
    cancellation.cancel(lost.pk)
    lose(lost)
    runner.execute(scripted_alone, Nothing())
    lost = reread(lost)
    assert lost.status == "cancelled"
    assert lost.finished_at


def test_a_holder_whose_lease_has_not_passed_keeps_its_key() -> None:
    holder = claimed(do_nothing, what=scripted_alone)
    with pytest.raises(AlreadyRunningError):
        runner.execute(scripted_alone, Nothing())
    assert reread(holder).status == "running"


def test_renewing_extends_the_lease_of_the_holder_alone() -> None:
    run = claimed(do_nothing)
    lose(run)
    lost = reread(run).lease_until
    claims.renew(run.pk, run.attempt - 1)
    assert reread(run).lease_until == lost
    claims.renew(run.pk, run.attempt)
    renewed = reread(run).lease_until
    assert renewed
    assert lost
    assert renewed > lost


def test_the_database_itself_refuses_two_running_runs_of_a_key() -> None:
    claimed(do_nothing, what=scripted_alone)
    second = recorded(do_nothing, what=scripted_alone)
    with pytest.raises(IntegrityError, match="upkeep_run_one_running_per_key"), transaction.atomic():
        Run.objects.filter(pk=second.pk).update(status="running")


def test_a_run_whose_time_has_not_come_is_not_claimed() -> None:
    run = recorded(do_nothing)
    Run.objects.filter(pk=run.pk).update(not_before=claims.DatabaseNow() + timedelta(hours=1))
    assert claims.claim(run.pk) is None
    Run.objects.filter(pk=run.pk).update(not_before=claims.DatabaseNow() - timedelta(seconds=1))
    assert claims.claim(run.pk) == 1
