import pytest
from django.conf import settings


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of adopted commands know the commands under test."""
    monkeypatch.setenv("TEST_DATABASE", str(settings.DATABASES["default"]["NAME"]))
