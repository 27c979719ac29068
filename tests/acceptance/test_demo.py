"""What `make demo` runs, in a home other than `.upkeep/demo`."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.config.environment import DEMO
from ops.holding import held
from tests.acceptance.processes import ROOT
from upkeep.embedded import postgres, redis
from upkeep.embedded.locks import is_held

ELSEWHERE = {
    "DATABASE_URL": "postgresql://owner:s3cret@127.0.0.1:1/production",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    "CELERY_BROKER_READ_URL": "redis://127.0.0.1:1/0",
    "DJANGO_SETTINGS_MODULE": "somebody.elses.settings",
    "FERNET_KEYS": "not a key",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "MEDIA_ROOT": "/nonexistent/media",
    "PGSERVICE": "production",
    "TASK_TIME_LIMIT": "soon",
    "TMDB_API_URL": "http://127.0.0.1:1",
    "UPKEEP_HOME": "/nonexistent/home",
}
"""Every one of these would end the demo if it counted."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "with blanks" / "demo"
    yield home
    postgres.stop(home)
    redis.stop(home)


def demo(home: Path) -> "subprocess.CompletedProcess[str]":
    command, variables = [sys.executable, "-m", "ops.demo", str(home)], os.environ | ELSEWHERE | {"COLUMNS": "80"}
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=900, check=False)


def story(text: str) -> list[str]:
    """What was told, but for how long it took."""
    return [line.rstrip() for line in re.sub(r"in [\d.]+ s\b", "in N s", text).splitlines()]


def test_the_demo_tells_the_same_story_twice_whatever_the_environment_names(home: Path) -> None:
    first = demo(home)
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stderr == ""
    (home / "media").mkdir()
    (home / "media" / "of the last demo").touch()

    lines = story(first.stdout)
    for said in [
        "  300 processed: 300 created",
        "updated Forrest Gump: uk_certification: ' 12 ' → '12'",
        "  20 processed: 14 updated, 6 unchanged",
        "  20 processed: 20 unchanged",
        "  120 processed: 120 updated",
        "  300 processed: 300 updated",
        "failed line 3: email is not an e-mail address (invalid_email)",
        "exit code 3",
        "exit code 2",
    ]:
        assert said in lines
    assert [line for line in lines if len(line) > 80 and str(home) not in line] == []
    table = [line.split() for line in lines[lines.index("Every run is a row in PostgreSQL") :] if line]
    assert ["refresh_missing_details", "Beat", "succeeded", "300", "updated"] in table
    assert lines[-1] == f"  UPKEEP_HOME='{home}' make up"
    assert (postgres.running(home), redis.running(home)) == (None, None)
    assert not is_held(home.with_name("demo.life"))

    assert story(demo(home).stdout) == lines
    assert not (home / "media").exists()
    assert "TMDB" not in (home / DEMO).read_text()


def test_a_second_demo_at_the_same_time_says_that_there_is_another(home: Path) -> None:
    with held(home.with_name("demo.lock")):
        done = demo(home)
    said = f"The demo ends here: another demo is running here (process {os.getpid()}): wait for it, or end it\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_a_home_that_is_not_a_demos_is_left_alone(home: Path) -> None:
    home.mkdir(parents=True)
    (home / "secret_key").write_text("precious")
    done = demo(home)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"The demo ends here: {home} is not the home of a demo: move it away\n"
    assert [file.name for file in home.iterdir()] == ["secret_key"]
