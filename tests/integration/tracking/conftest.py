from collections.abc import Iterator

import pytest
import stamina

from backend.remote import answers
from backend.tracking.connectors import github_limits


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the waiting out of further attempts."""
    monkeypatch.setattr(answers, "PAUSE_WHEN_TOO_FAST", 0.01)
    monkeypatch.setattr(github_limits, "SECONDARY_PAUSE", 0.01)
    with stamina.set_testing(testing=True, attempts=4, cap=True):
        yield
