import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import override_settings

from tests.acceptance.embedded.program import ROOT
from upkeep.embedded import postgres, redis
from upkeep.embedded.checks import check_user


def manage(home: Path, *words: str, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    product = {"DJANGO_SETTINGS_MODULE": "backend.config.settings", "UPKEEP_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | product | environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def noted(home: Path, monkeypatch: pytest.MonkeyPatch, *, user: int) -> list[str]:
    """What the doctor says of who runs the servers."""
    with monkeypatch.context() as patch, override_settings(UPKEEP_HOME=home):
        patch.setattr(os, "geteuid", lambda: user)
        return [note.msg for note in check_user(databases=["default"])]


def test_start_status_and_stop_say_what_they_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PostgreSQL: running, socket " in manage(home, "embedded", "start").stdout
    lines = manage(home, "embedded", "status").stdout.splitlines()
    assert lines == [
        f"PostgreSQL: running, process {postgres.running(home)}",
        f"Redis: running, process {redis.running(home)}",
    ]
    (note,) = noted(home, monkeypatch, user=0)
    assert note.startswith("root runs the embedded PostgreSQL and Redis: ")
    assert noted(home, monkeypatch, user=1000) == []
    assert manage(home, "embedded", "stop").stdout.splitlines() == ["PostgreSQL: stopped", "Redis: stopped"]
    assert noted(home, monkeypatch, user=0) == []
    assert postgres.running(home) is None
    assert redis.running(home) is None


def test_status_and_stop_start_nothing(home: Path) -> None:
    assert manage(home, "embedded", "status").stdout.splitlines() == ["PostgreSQL: not running", "Redis: not running"]
    stopped = manage(home, "embedded", "stop").stdout.splitlines()
    assert stopped == ["PostgreSQL: was not running", "Redis: was not running"]
    assert not (home / "postgresql").exists()
    assert not (home / "redis").exists()


def test_start_shows_no_password(home: Path) -> None:
    printed = manage(home, "embedded", "start").stdout
    assert postgres.ensure(home).password not in printed
    assert redis.ensure(home).password not in printed


def test_what_prevents_a_start_is_one_line(home: Path) -> None:
    home.mkdir()
    (home / "postgresql").write_text("a file", encoding="ascii")
    done = manage(home, "embedded", "start")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_dbshell_needs_no_psql_on_the_path(home: Path) -> None:
    unshare = shutil.which("unshare")
    done = manage(
        home, "dbshell", "--", "-At", text="select 40 + 2;", PATH=str(Path(unshare).parent) if unshare else ""
    )
    assert (done.stdout, done.stderr) == ("42\n", "")
