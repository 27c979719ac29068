import pytest
from django.conf import settings


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes that an adopted command starts work on the tests' database, as that command does."""
    monkeypatch.setenv("TEST_DATABASE", str(settings.DATABASES["default"]["NAME"]))
