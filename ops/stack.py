"""`make up`: web, worker, Beat and Flower on this machine, until Ctrl-C; `stop` ends those of this UPKEEP_HOME."""

import fcntl
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.request import urlopen

import django

from ops.processes import Process, celery, stop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
USERNAME = "admin"
READY_SECONDS = 60.0


def main(arguments: list[str]) -> int:
    """Run the stack, or stop the one that runs."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - readable once Django is set up

    pid_file = settings.UPKEEP_HOME / "stack.pid"
    if arguments == ["stop"]:
        return stop_running(pid_file)
    with locked(pid_file) as lock:
        if lock is None:
            print("The stack of this UPKEEP_HOME is running already: `make stop` ends it.", file=sys.stderr)
            return 1
        return run(settings.UPKEEP_HOME)


def run(home: Path) -> int:
    """Prepare the database, start everything, tell where it is, and keep it running."""
    from django.core.management import call_command  # noqa: PLC0415 - wants Django to be set up

    from backend.config.secrets import kept_secret, new_password  # noqa: PLC0415 - reads no settings, but only we need it

    call_command("migrate", verbosity=0)
    password = kept_secret(home / "admin_password", new_password)
    make_admin(password)
    web, flower = (
        free_port(int(os.environ.get("WEB_PORT", "8000"))),
        free_port(int(os.environ.get("FLOWER_PORT", "5555"))),
    )
    processes = programs(home / "log", web, flower, os.environ.get("FLOWER_BASIC_AUTH") or f"{USERNAME}:{password}")
    for process in processes:
        process.start()
    try:
        await_answers(f"http://127.0.0.1:{web}/admin/login/", f"http://127.0.0.1:{flower}/healthcheck")
        tell(web, flower, password, home)
        keep(processes)
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop(processes)
    return 0


def programs(log: Path, web: int, flower: int, flower_login: str) -> list[Process]:
    """What the stack consists of."""
    gunicorn = [sys.executable, "-m", "gunicorn", "backend.config.wsgi", "--threads", "4", "--bind", f"127.0.0.1:{web}"]
    flower_options = ["flower", "--address=127.0.0.1", f"--port={flower}"]
    return [
        Process("web", gunicorn, log / "web.log"),
        Process("worker", celery("worker", "--concurrency=2", "--loglevel=INFO"), log / "worker.log"),
        Process("beat", celery("beat", "--loglevel=INFO", "--pidfile="), log / "beat.log"),
        Process("flower", celery(*flower_options), log / "flower.log", {"FLOWER_BASIC_AUTH": flower_login}),
    ]


def make_admin(password: str) -> None:
    """The user whose login is told, unless somebody made one of that name before."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - wants Django to be set up

    users = get_user_model()._default_manager  # noqa: SLF001 - Django's documented name for it
    if not users.filter(username__iexact=USERNAME).exists():
        users.create_superuser(USERNAME, password=password)


def free_port(wanted: int) -> int:
    """The first port from `wanted` on that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise SystemExit(f"no free port from {wanted} on")


def await_answers(*urls: str) -> None:
    """Wait until each URL answers. Leaves the process when one does not in READY_SECONDS."""
    deadline = time.monotonic() + READY_SECONDS
    for url in urls:
        while True:
            try:
                urlopen(url, timeout=5).close()  # noqa: S310 - http to ourselves
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemExit(f"{url} does not answer: see the logs") from None
                time.sleep(0.2)


def tell(web: int, flower: int, password: str, home: Path) -> None:
    """Where everything is."""
    print(
        f"""Upkeep is running.

  Admin    http://127.0.0.1:{web}/admin/
  Flower   http://127.0.0.1:{flower}/
  Login    {USERNAME} / {password}   (unless you changed it)
  Logs     {home / "log"}

Start an operation:   .venv/bin/python manage.py run_task load_sample_data --wait
Stop with Ctrl-C, or with `make stop` from elsewhere.""",
        flush=True,
    )


def keep(processes: list[Process]) -> None:
    """Start again what dies, until SIGTERM or Ctrl-C."""
    signal.signal(signal.SIGTERM, interrupt)
    while True:
        for process in processes:
            if process.died():
                print(f"{process.name} ended; starting it again (see {process.log})", file=sys.stderr, flush=True)
                process.start()
        time.sleep(1)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the stack as Ctrl-C does."""
    raise KeyboardInterrupt


class locked:  # noqa: N801 - reads as what it does
    """The pid file, held locked with our pid in it; None when another process holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> IO[str] | None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()
        return self._file

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()


def stop_running(pid_file: Path) -> int:
    """End the stack whose process holds the pid file, and wait for it."""
    deadline = time.monotonic() + READY_SECONDS
    asked = False
    while time.monotonic() < deadline:
        with locked(pid_file) as lock:
            if lock is not None:
                print("Stack: stopped" if asked else "Stack: not running")
                return 0
        if not asked:
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(pid_file.read_text(encoding="ascii")), signal.SIGTERM)
                asked = True
        time.sleep(0.2)
    print(f"The stack did not stop within {READY_SECONDS:.0f} seconds.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
