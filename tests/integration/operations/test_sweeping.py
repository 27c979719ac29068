from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from tests.integration.messages import messages as read
from tests.integration.operations.factories import COMMITTED
from tests.integration.operations.test_exclusion import do_nothing
from tests.integration.operations.test_splitting import apart, divided
from tests.operations.scripted import recorded, reread, scripted_alone
from upkeep.operations.delivery import resending, sweep
from upkeep.operations.models import Run

pytestmark = COMMITTED


@pytest.fixture(autouse=True)
def _empty_queue(broker: str) -> None:
    """Nothing is left of the tests before."""
    read(broker)


def test_a_queued_run_that_somebody_holds_does_not_keep_the_others_waiting() -> None:
    held, other = recorded(do_nothing), recorded(do_nothing)
    with ThreadPoolExecutor() as threads, transaction.atomic():
        Run.objects.select_for_update().get(pk=held.pk)
        swept = threads.submit(apart, sweep.sweep).result(10)
    assert swept.sent == [other.pk]
    assert sweep.sweep().sent == [held.pk]


def test_an_overdue_run_that_somebody_holds_does_not_keep_the_others_waiting() -> None:
    then = datetime.now(UTC) - timedelta(hours=1)
    held, other = recorded(do_nothing, sent_at=then), recorded(do_nothing, sent_at=then)
    with ThreadPoolExecutor() as threads, transaction.atomic():
        Run.objects.select_for_update().get(pk=held.pk)
        swept = threads.submit(apart, sweep.sweep).result(10)
    assert swept.sent == [other.pk]


def test_a_run_of_a_queue_that_is_no_more_is_sent_by_that_of_its_operation() -> None:
    run = recorded(do_nothing, queue="former")
    assert sweep.sweep().sent == [run.pk]
    assert reread(run).queue == "default"


def test_a_split_run_of_an_operation_that_this_worker_does_not_know_harms_no_sweep() -> None:
    run = divided()
    for status in ("running", "succeeded"):
        Run.objects.filter(parent=run.pk).update(status=status)
    Run.objects.update(operation="testing.unknown")
    assert sweep.sweep().finished == [run.pk]
    assert (reread(run).status, reread(run).sent_at) == ("queued", None)


def test_the_next_for_a_key_is_one_that_this_worker_knows() -> None:
    unknown, known = (recorded(do_nothing, what=scripted_alone) for _ in range(2))
    Run.objects.filter(pk=unknown.pk).update(operation="testing.unknown")
    resending.send_next("testing:alone")
    assert (reread(unknown).sent_at, bool(reread(known).sent_at)) == (None, True)
