"""`make up`: web, worker, Beat and Flower on this machine, until Ctrl-C; `stop` ends those of this UPKEEP_HOME."""

import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.request import ProxyHandler, build_opener

import django
from django.conf import settings
from django.db import Error, connection

from backend.config.startup import load_settings, unusable_home
from ops.holding import HeldError, end_leftovers, held
from ops.processes import ROOT, Process, celery, stop
from upkeep.embedded import postgres, redis
from upkeep.embedded.errors import EmbeddedError
from upkeep.embedded.locks import is_held
from upkeep.embedded.polling import attempts
from upkeep.operations.execution.failures import explanation

USERNAME = "admin"
LOCK = "stack.pid"
"""In UPKEEP_HOME: held while the stack runs."""
READY_SECONDS = 60.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Run the stack, or stop the one that runs."""
    load_settings()
    django.setup()
    home = settings.UPKEEP_HOME
    if arguments == ["stop"]:
        return stop_running(home / LOCK)
    let_signals_interrupt()
    try:
        with held(home / LOCK) as life, servers_stopped_after(home):
            run(home, life)
    except KeyboardInterrupt:
        return 0
    except HeldError as error:
        reason = f"The stack of this home is running already (process {error.pid}): `{named()}make stop` ends it."
    except Error as error:
        reason = f"The database cannot be used: {explanation(error)}"
    except EmbeddedError as error:
        reason = str(error)
    except OSError as error:
        reason = f"The stack cannot run: {unusable_home(error)}"
    print(reason, file=sys.stderr)
    return 1


@contextmanager
def servers_stopped_after(home: Path) -> Iterator[None]:
    """Stop the embedded servers that were started within, at the end."""
    started_before = [server for server in (postgres, redis) if server.running(home)]
    try:
        yield
    finally:
        for server in (postgres, redis):
            if server not in started_before:
                server.stop(home)


def run(home: Path, life: int) -> None:
    """Prepare the database, start everything, say where it is, and keep it running. Raises KeyboardInterrupt."""
    from django.core.management import CommandError, call_command  # noqa: PLC0415

    from backend.config.secrets import kept_secret, new_password  # noqa: PLC0415 - reads no settings, but only we need it

    call_command("migrate", verbosity=0)
    try:
        call_command("make_reports", verbosity=0)
    except CommandError as error:  # others have built on them: the stack runs with those of before
        print(f"The reports are as before: {error}", file=sys.stderr)
    password = kept_secret(home / "admin_password", new_password)
    login = make_admin(password)
    web, flower = free_port("WEB_PORT", 8000), free_port("FLOWER_PORT", 5555)
    processes = programs(home, life, web, flower, settings.FLOWER_BASIC_AUTH or f"{USERNAME}:{password}")
    try:
        for process in processes:
            process.start()
        await_answers(f"http://127.0.0.1:{web}/health/ready", f"http://127.0.0.1:{flower}/healthcheck")
        tell(web, flower, login, home)
        keep(processes)
    finally:
        print("\nStopping …", flush=True)
        stop(processes)


def programs(home: Path, life: int, web: int, flower: int, flower_login: str) -> list[Process]:
    """What the stack consists of."""
    temporary = home / "tmp"
    temporary.mkdir(mode=0o700, exist_ok=True)
    gunicorn = [sys.executable, "-m", "gunicorn", "backend.config.wsgi", "--threads", "4", "--no-control-socket"]
    gunicorn += ["--forwarded-allow-ips="]  # the settings say whether a proxy is believed, not gunicorn
    commands = {
        "web": [*gunicorn, "--bind", f"127.0.0.1:{web}"],
        "worker": celery("worker", "--concurrency=2", "--loglevel=INFO"),
        "beat": celery("beat", "--loglevel=INFO", "--pidfile="),
        "flower": celery("flower", "--address=127.0.0.1", f"--port={flower}"),
    }
    environment = {"TMPDIR": str(temporary)}
    login = {"FLOWER_BASIC_AUTH": flower_login}
    return [
        Process(name, command, home / "log" / f"{name}.log", environment | (login if name == "flower" else {}), life)
        for name, command in commands.items()
    ]


def make_admin(password: str) -> str:
    """Make the user whose login is shown, unless somebody can log in already. Returns what to say about the login."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - wants Django to be set up

    users = get_user_model()._default_manager  # noqa: SLF001 - Django's documented name for it
    if not users.filter(username__iexact=USERNAME).exists():
        if users.filter(is_superuser=True, is_active=True).exists():
            return f"as before; for Flower {USERNAME} / {password}"
        users.create_superuser(USERNAME, password=password)
    return f"{USERNAME} / {password}   (unless you changed it)"


def free_port(variable: str, default: int) -> int:
    """The first port that nobody listens on, from what the variable says. Leaves the process when there is none."""
    wanted = os.environ.get(variable) or str(default)
    if not (wanted.isascii() and wanted.isdigit()):
        raise SystemExit(f"{variable} must be a number, not {wanted!r}")
    for port in range(int(wanted), min(int(wanted) + 100, 65536)):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise SystemExit(f"{variable}: no free port from {wanted} on")


def await_answers(*urls: str) -> None:
    """Wait until each URL answers. Leaves the process when one does not in READY_SECONDS."""
    deadline = time.monotonic() + READY_SECONDS
    directly = build_opener(ProxyHandler({}))
    for url in urls:
        while True:
            try:
                directly.open(url, timeout=5).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemExit(f"{url} does not answer: see the logs") from None
                time.sleep(0.2)


def tell(web: int, flower: int, login: str, home: Path) -> None:
    """Where everything is."""
    here = f"http://127.0.0.1:{web}"
    admin = f"{settings.PUBLIC_URL}/admin/   (its proxy asks {here})" if settings.PUBLIC_URL else f"{here}/admin/"
    print(
        f"""Upkeep is running.

  Admin    {admin}
  Flower   http://127.0.0.1:{flower}/
  Login    {login}
  Data     {database()}
  Logs     {home / "log"}

Start an operation:   {named()}.venv/bin/python manage.py run_task load_sample_data --wait
Stop with Ctrl-C, or with `{named()}make stop` from elsewhere.""",
        flush=True,
    )


def database() -> str:
    """In which database the stack works, without its password."""
    if connection.settings_dict["ENGINE"].startswith("upkeep."):
        return f"the embedded PostgreSQL in {connection.settings_dict['HOME']}"
    place = connection.get_connection_params()
    return f"DATABASE_URL: {place.get('dbname')} at {place.get('host') or 'this machine'}"


def named() -> str:
    """What goes before a command that is for this home, too."""
    return for_home(Path(home).absolute()) if (home := os.environ.get("UPKEEP_HOME")) else ""


def for_home(home: Path) -> str:
    """What goes before a command that is for `home`."""
    return f"UPKEEP_HOME={shlex.quote(str(home.relative_to(ROOT) if home.is_relative_to(ROOT) else home))} "


def keep(processes: list[Process]) -> None:
    """Start again what dies, until SIGTERM or Ctrl-C."""
    while True:
        for process in processes:
            if process.died():
                print(f"{process.name} ended; starting it again (see {process.log})", file=sys.stderr, flush=True)
                process.start()
        time.sleep(1)


def let_signals_interrupt() -> None:
    """Let Ctrl-C, SIGTERM and the end of the terminal raise KeyboardInterrupt, unless they are ignored (nohup)."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt; from then on nothing disturbs the stopping."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def stop_running(lock: Path) -> int:
    """End the stack that holds the lock, and wait for it; or what is left of one that was killed."""
    asked = False
    for _ in attempts(READY_SECONDS):
        if not is_held(lock):
            left = end_leftovers(lock)
            print("Stack: stopped" if asked or left else "Stack: not running")
            return 0
        if not asked:
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(lock.read_text(encoding="ascii")), signal.SIGTERM)
                asked = True
    print(f"The stack did not stop within {READY_SECONDS:.0f} seconds.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
