import signal
from collections.abc import Iterator

import pytest
from celery.exceptions import Ignore

from tests.integration.messages import received
from tests.integration.operations.factories import COMMITTED
from tests.operations.scripted import recorded, reread
from upkeep.operations.context import RunContext
from upkeep.worker import handover

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]


@pytest.fixture
def _worker() -> Iterator[None]:
    """What a worker without a pool does at a SIGTERM."""
    before = signal.signal(signal.SIGTERM, lambda *_: handover.request())
    yield
    signal.signal(signal.SIGTERM, before)
    handover._stopping[0] = 0


@pytest.mark.usefixtures("_worker")
def test_a_worker_without_a_pool_hears_of_its_sigterm_and_hands_its_run_over() -> None:
    def body(run: RunContext) -> None:
        for _batch in run.batches(lambda _after: [([1], 1), ([2], 2)]):
            signal.raise_signal(signal.SIGTERM)

    run = recorded(body)
    with pytest.raises(Ignore):
        received(run.operation, str(run.pk), {})
    assert handover.requested()
    assert (reread(run).status, reread(run).attempt) == ("queued", 1)
