import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.config.secrets import new_fernet_key
from backend.config.settings import env

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("read", [env.float, env.int])
def test_a_number_that_is_none_is_named_with_its_variable(read: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_LEASE_SECONDS", "soon")
    with pytest.raises(ImproperlyConfigured, match="RUN_LEASE_SECONDS must be a number, not 'soon'"):
        read("RUN_LEASE_SECONDS", default=20)  # type: ignore[operator]


@pytest.mark.parametrize("key", ["s3cret", "s3cret" * 7, "A" * 48, "ß" * 44, " "])
def test_a_key_that_is_none_is_named_by_its_number(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERNET_KEYS", f"{new_fernet_key()},{key}")
    with pytest.raises(ImproperlyConfigured, match="FERNET_KEYS: key 2 of 2 is not a Fernet key") as caught:
        env.fernet_keys("FERNET_KEYS")
    assert key.strip() == "" or key not in str(caught.value)


def test_good_keys_are_taken_and_none_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [new_fernet_key(), new_fernet_key()]
    monkeypatch.setenv("FERNET_KEYS", ",".join(keys))
    assert env.fernet_keys("FERNET_KEYS") == keys
    monkeypatch.setenv("FERNET_KEYS", "")
    assert env.fernet_keys("FERNET_KEYS") == []


def test_the_tests_use_nothing_that_the_environment_names() -> None:
    hostile = {
        "DATABASE_URL": "postgresql://owner@db.example.com/production",
        "REDIS_URL": "redis://redis.example.com",
        "DJANGO_SETTINGS_MODULE": "backend.config.settings",
        "MEDIA_ROOT": "/srv/media",
        "TEST_DATABASE": "production",
        "TASK_TIME_LIMIT": "1",
        "PGSERVICE": "production",
    }
    code = """
import json, os, pytest
from tests import settings
database = settings.DATABASES["default"]
left = [name for name in os.environ if name.startswith(("DATABASE", "REDIS", "TEST_", "MEDIA", "TASK", "PG"))]
said = [database["ENGINE"], database["NAME"], settings.REDIS_URL, settings.CELERY_TASK_TIME_LIMIT, left]
print(json.dumps([*said, settings.MEDIA_ROOT.is_relative_to(settings.UPKEEP_HOME), os.environ["UPKEEP_ENV_FILE"]]))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | hostile, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["upkeep.embedded.postgresql", "upkeep", "", None, [], True, ""]
