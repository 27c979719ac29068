import signal
from collections.abc import Iterator

import pytest

from backend.operations.context import RunContext
from tests.integration.operations.factories import COMMITTED
from tests.operations.scripted import played

pytestmark = COMMITTED
heard: list[int] = []


@pytest.fixture
def _own_handler() -> Iterator[None]:
    """What a worker without processes of its own has."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_own_handler")
def test_the_process_that_hands_its_run_over_hears_of_the_signal_too() -> None:
    def body(run: RunContext) -> None:
        for _batch in run.batches(lambda _after: [([1], 1), ([2], 2)]):
            signal.raise_signal(signal.SIGTERM)

    heard.clear()
    assert played(body).status == "queued"
    assert heard == [signal.SIGTERM]
