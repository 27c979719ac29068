from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from pytest_django import Settings

from backend.tracking.connectors.github import limits
from upkeep.remote import answers


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the waiting out of further attempts."""
    monkeypatch.setattr(answers, "PAUSE_WHEN_TOO_FAST", 0.01)
    monkeypatch.setattr(limits, "SECONDARY_PAUSE", 0.01)
    with stamina.set_testing(testing=True, attempts=4, cap=True):
        yield


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Where the caches of the settings are."""
    settings.CACHES = {
        name: fields | {"LOCATION": tmp_path / "cache" / name} for name, fields in settings.CACHES.items()
    }
    return tmp_path / "cache"
