"""What is shown of the settings and the environment to people who look for a fault."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import RequestFactory, override_settings
from django.views.debug import ExceptionReporter

MARK = "nobody-may-read-this"
SECRET = re.compile("KEY|AUTH|PASSWORD|TOKEN|_URL")
"""Of the variables that the settings read; an address may have a password in it."""
KEPT = {
    "FERNET_KEYS": settings.FERNET_KEYS[0],
    "DATABASE_URL": f"postgres://somebody:{MARK}@localhost:1/none",
    "SECRET_KEY": 3 * MARK,
    "PUBLIC_URL": "https://localhost",
}
"""What is refused unless it makes sense."""


def secrets() -> dict[str, str]:
    """A value with the mark for each variable that may hold a secret."""
    names = {name for name in settings.ENVIRONMENT_NAMES if SECRET.search(name)}
    assert names >= {
        "DATABASE_URL",
        "REDIS_URL",
        "CELERY_BROKER_URL",
        "SECRET_KEY",
        "FLOWER_BASIC_AUTH",
        "TMDB_API_KEY",
    }
    return {name: f"redis://:{MARK}@localhost:1/0" if name.endswith("_URL") else f"op:{MARK}" for name in names}


def test_djangos_error_page_shows_none(rf: RequestFactory) -> None:
    values = secrets() | {"TRACKER_LOGIN": MARK, "ACME_LOGIN": MARK, "OTHER": f"postgres://localhost/?password={MARK}"}
    with override_settings(DEBUG=True, TRACKER_SECRETS=["ACME_LOGIN"], **values):
        with pytest.raises(LookupError) as raised:
            fail(f"user=somebody password={MARK}")
        reporter = ExceptionReporter(rf.get("/", **values), LookupError, raised.value, raised.tb.tb_next)  # type: ignore[arg-type]
        for shown in (reporter.get_traceback_html(), reporter.get_traceback_text()):
            assert all(name in shown for name in values)
            assert MARK not in shown


def fail(how_to_connect: str) -> None:
    """As a library does that was told how to connect."""
    raise LookupError(len(how_to_connect))


def test_celery_report_shows_none() -> None:
    command = [str(Path(sys.executable).with_name("celery")), "-A", "backend", "report"]
    environment = os.environ | secrets() | KEPT
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "broker_url" in ended.stdout
    assert MARK not in ended.stdout + ended.stderr
