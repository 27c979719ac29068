"""What `make up` and `make stop` run, in a home of their own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.polling import until
from upkeep.embedded import postgres, redis
from upkeep.embedded.locks import is_held

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    postgres.stop(tmp_path)
    redis.stop(tmp_path)


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"DJANGO_SETTINGS_MODULE": "backend.config.settings", "UPKEEP_HOME": str(home)}


def program(home: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", name, *words]
    return subprocess.run(
        command, cwd=ROOT, env=environment(home), capture_output=True, text=True, timeout=240, check=False
    )


@contextmanager
def running(home: Path, variables: dict[str, str]) -> Iterator[str]:
    """Run the stack; yields what it printed. Ctrl-C ends it."""
    output = home / "printed"
    command = [sys.executable, "-m", "ops.stack"]
    with output.open("wb") as printed:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=printed, start_new_session=True)
    try:
        until(lambda: "Stop with" in output.read_text() or process.poll() is not None, why="no URLs", seconds=90)
        yield output.read_text()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture
def stack(home: Path) -> Iterator[str]:
    """What the running stack printed."""
    proxied = environment(home) | {"http_proxy": "http://127.0.0.1:1"}  # which nobody uses for this machine itself
    with running(home, proxied) as printed:
        yield printed


def test_the_stack_prints_where_it_is_and_a_login_that_works(stack: str, home: Path) -> None:
    admin, flower = re.findall(r"http://127\.0\.0\.1:\d+/\S*", stack)
    [(username, password)] = re.findall(r"Login +(\S+) / (\S+)", stack)

    with httpx2.Client(follow_redirects=True, headers={"Referer": admin}) as browser:
        [token] = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', browser.get(f"{admin}login/").text)
        form = {"csrfmiddlewaretoken": token, "username": username, "password": password, "next": "/admin/"}
        assert "upkeep_operations/run/" in browser.post(f"{admin}login/", data=form).text

    assert httpx2.get(f"{flower}api/workers").status_code == 401
    workers = f"{flower}api/workers?refresh=1"
    login = (username, password)
    until(lambda: "celery@" in httpx2.get(workers, auth=login, timeout=30).text, 60, why="Flower sees no worker")
    assert re.search(r"<td>\s*default\s*</td>", httpx2.get(f"{flower}broker", auth=login).text)
    assert redis.ensure(home).password not in httpx2.get(workers, auth=login, timeout=30).text

    again = program(home, "ops.stack")
    assert (again.returncode, "running already" in again.stderr) == (1, True)


def test_stopping_what_does_not_run_is_fine(home: Path) -> None:
    done = program(home, "ops.stack", "stop")
    assert (done.returncode, done.stdout) == (0, "Stack: not running\n")


def test_what_a_killed_stack_has_left_running_is_stopped(home: Path, stack: str) -> None:
    assert "Stop with" in stack
    killed = int((home / "stack.pid").read_text())
    os.kill(killed, signal.SIGKILL)
    until(lambda: not is_held(home / "stack.pid"), why="the stack is not gone")
    assert is_held(home / "stack.life")
    assert program(home, "ops.stack", "stop").stdout == "Stack: stopped\n"
    assert not is_held(home / "stack.life")
    assert program(home, "ops.stack", "stop").stdout == "Stack: not running\n"


def test_a_database_that_cannot_be_used_is_said_in_one_line(home: Path) -> None:
    elsewhere = environment(home) | {"DATABASE_URL": "postgresql://upkeep:s3cret@127.0.0.1:1/upkeep"}
    command = [sys.executable, "-m", "ops.stack"]
    done = subprocess.run(command, cwd=ROOT, env=elsewhere, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("The database cannot be used: connection")
    assert "s3cret" not in line
