"""`celery beat` that is started before its database is there, and before that is migrated."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests import warm
from tests.integration.operations.factories import COMMITTED
from tests.integration.worker.beats import place
from upkeep.embedded.polling import attempts

pytestmark = COMMITTED

SCRIPT = """
from celery.__main__ import main
import sys
sys.argv = ["celery", "-A", "backend", "beat", "--pidfile=", "--max-interval=1", "--loglevel=INFO"]
main()
"""
ENTRY = """
INSERT INTO django_celery_beat_intervalschedule (every, period) VALUES (1, 'seconds');
INSERT INTO django_celery_beat_periodictask
       (name, task, interval_id, args, kwargs, headers, enabled, one_off, total_run_count, date_changed, description)
SELECT 'Every second', 'testing.add_one', id, '[]', '{}', '{}', true, false, 0, now(), ''
  FROM django_celery_beat_intervalschedule;
"""


@pytest.fixture
def absent(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a process whose database nobody has made yet."""
    name = f"{connection.get_connection_params()['dbname']}_later"
    yield {**environment, "TEST_DATABASE": name, "SECRET_KEY": "x" * 50}
    with server() as link:
        link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def server(name: str = "postgres") -> "psycopg.Connection":
    return psycopg.connect(**place(), dbname=name, autocommit=True)


def test_beat_waits_for_a_database_that_is_away_and_then_for_its_tables(absent: dict[str, str], tmp_path: Path) -> None:
    name, log = absent["TEST_DATABASE"], tmp_path / "beat.log"
    with log.open("w") as file:
        beat = subprocess.Popen([sys.executable, "-c", SCRIPT], env=absent, stdout=file, stderr=file)
    try:
        waits_for(log, f'database "{name}" does not exist')
        with server() as link:
            link.execute(f'CREATE DATABASE "{name}"'.encode())
        waits_for(log, "does not exist (has `manage.py migrate` been run?)")
        assert warm.run(["manage.py", "migrate", "--verbosity=0"], absent).returncode == 0
        with server(name) as link:
            link.execute(ENTRY)
            link.execute("UPDATE django_celery_beat_periodictasks SET last_update = now()")
        waits_for(log, "'Every second' fired (testing.add_one)")
        assert beat.poll() is None
    finally:
        beat.terminate()
        beat.wait(60)
    assert "Traceback" not in log.read_text()
    missing = re.findall("the schedule cannot be read.*", log.read_text())
    assert len(missing) == len(set(missing)) >= 2


def waits_for(log: Path, text: str) -> None:
    """Until the text is in the log."""
    assert any(text in log.read_text() for _ in attempts(60)), log.read_text()
