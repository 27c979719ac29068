"""`make demo`: sample data, then real operations through a real worker, on a real PostgreSQL and a real Redis."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from rich import box
from rich.console import Console
from rich.table import Table

from ops.processes import ROOT, Process, celery, stop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
USERS = "username,full_name,email\nalice,Alice Ash,alice@example.com\nbob,Bob Birch,not an e-mail address\n"
console = Console(width=max(100, Console().width))


def main() -> int:
    """Show it. Returns the exit code: 0 when every operation ended as it should."""
    started = time.monotonic()
    console.rule("Upkeep: one declaration, every way to run it")
    manage("migrate", "--verbosity", "0")
    with tempfile.TemporaryDirectory() as folder, stand_in() as environment, worker_and_beat(environment):
        users = Path(folder) / "users.csv"
        users.write_text(USERS, encoding="utf-8")
        ended_well = run_operations(users)
    show_hours()
    show_runs()
    where_to_look(time.monotonic() - started)
    return 0 if ended_well else 1


def run_operations(users: Path) -> bool:
    """The main job: sample data here, the rest through the worker, previewed first."""
    steps = [
        ("Sample DVDs, here and now", 0, ["run_task", "load_sample_data", "--count", "300", "--sync"]),
        ("What would tidying up the certifications change? A dry run, on the worker",
         0, ["normalize_uk_certifications", "--dry-run", "--wait"]),
        ("Do it, on the worker", 0, ["run_task", "normalize_uk_certifications", "--wait"]),
        ("Again: nothing is done twice", 0, ["normalize_uk_certifications", "--wait"]),
        ("Details from a film database (a stand-in on this machine: no key needed), previewed on the worker",
         0, ["refresh_missing_details", "--limit", "120", "--dry-run", "--wait"]),
        ("Users from a file with a mistake in it: the others go on, and the exit code says 3",
         3, ["make_users", str(users), "--dry-run", "--wait"]),
        ("Destroying data wants a confirmation: without one nothing is touched, exit code 2",
         2, ["cleanup_unused_posters"]),
        ("An organization with projects, tasks, and the hours that people worked", 0, ["make_demo_organization"]),
        ("Which work was for which task? On the worker", 0, ["match_project", "demo", "--wait"]),
        ("Why was this entry matched, or not?",
         0, ["explain_work_entry", "--username", "demo-anna.wimmer", "--max-count", "1"]),
    ]  # fmt: skip
    ended_well = [step(title, code, *command) for title, code, command in steps]
    return all(ended_well)


def step(title: str, expected: int, *command: str) -> bool:
    """Run a command as a user would, and show it."""
    console.print(f"\n[bold]{title}[/bold]\n[dim]$ manage.py {' '.join(command)}[/dim]", highlight=False)
    code = manage(*command)
    if code != expected:
        console.print(f"[red]exit code {code}, expected {expected}[/red]")
    return code == expected


def manage(*arguments: str) -> int:
    """`manage.py …`, its output shown."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode  # noqa: S603 - our own


@contextmanager
def stand_in() -> Iterator[dict[str, str]]:
    """A film database on this machine, and the settings that lead there."""
    from tests.servers.tmdb import KEY, tmdb_server  # noqa: PLC0415 - nobody but the demo needs it outside tests

    with tmdb_server(delay=0.05) as server:
        yield {"TMDB_API_URL": server.url, "TMDB_API_KEY": KEY}


@contextmanager
def worker_and_beat(environment: dict[str, str]) -> Iterator[None]:
    """A worker with two processes, and Beat."""
    from django.conf import settings  # noqa: PLC0415 - readable once Django is set up

    log = settings.UPKEEP_HOME / "log"
    processes = [
        Process("worker", celery("worker", "--concurrency=2", "--loglevel=INFO"), log / "demo-worker.log", environment),
        Process("beat", celery("beat", "--loglevel=INFO", "--pidfile="), log / "demo-beat.log"),
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        stop(processes)


def show_hours() -> None:
    """What the tasks of the demo organization took, those with the most work first."""
    from django.db.models import Count, F, Sum  # noqa: PLC0415 - wants Django to be set up

    from backend.tracking.models import Task  # noqa: PLC0415

    table = Table(title="What tasks took, and what was estimated", title_justify="left", box=box.SIMPLE)
    for heading in ("task", "title", "owner", "people", "hours", "estimate"):
        is_number = heading in ("people", "hours", "estimate")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=True)
    tasks = Task.objects.filter(tracker__project__organization__code="demo").select_related("owner").annotate(
        taken=Sum("work_entries__duration"), people=Count("work_entries__external_user__user", distinct=True)
    ).order_by(F("taken").desc(nulls_last=True), "code")  # fmt: skip
    for task in tasks[:8]:
        hours = task.taken.total_seconds() / 3600 if task.taken else 0
        estimate = "" if task.estimate is None else f"{task.estimate:.1f}"
        owner = str(task.owner or "")
        table.add_row(task.code, task.title[:40], owner, str(task.people), f"{hours:.1f}", estimate)
    console.print()
    console.print(table)


def show_runs() -> None:
    """What happened, read from where every run is recorded."""
    from backend.operations.counts import ACTIONS  # noqa: PLC0415
    from backend.operations.models import Run  # noqa: PLC0415 - wants Django to be set up

    table = Table(title="Every run is a row in PostgreSQL", title_justify="left", box=box.SIMPLE)
    for heading in ("operation", "where", "status", "what became of the items", "seconds"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left", no_wrap=True)
    for run in reversed(Run.objects.all()[:9]):
        told = ", ".join(f"{run.counts[action]} {action}" for action in ACTIONS if run.counts.get(action))
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else 0
        where = ("worker" if run.queue else "here") + (", dry run" if run.dry_run else "")
        table.add_row(run.operation.rpartition(".")[2], where, run.status, told or "nothing to do", f"{seconds:.2f}")
    console.print()
    console.print(table)


def where_to_look(seconds: float) -> None:
    """What to try next."""
    from django_celery_beat.models import PeriodicTask  # noqa: PLC0415 - wants Django to be set up

    entries = PeriodicTask.objects.filter(enabled=True).exclude(task__startswith="celery.").count()
    console.print(f"""
Beat keeps {entries} recurring operations. Done in {seconds:.0f} s; everything that was started is stopped.

  make up                               admin, Flower, worker and Beat: their URLs and the login
  .venv/bin/python manage.py run_task   every operation there is
  .venv/bin/python manage.py dbshell    the database itself
  make test                             the test suite""", highlight=False)  # fmt: skip


@contextmanager
def servers() -> Iterator[None]:
    """The embedded servers; those that the demo started stop with it."""
    from django.conf import settings  # noqa: PLC0415 - readable once Django is set up

    from backend.embedded import postgres, redis  # noqa: PLC0415

    before = {server: server.running(settings.UPKEEP_HOME) for server in (postgres, redis)}
    try:
        yield
    finally:
        for server, pid in before.items():
            if pid is None:
                server.stop(settings.UPKEEP_HOME)


if __name__ == "__main__":
    django.setup()
    with servers():
        exit_code = main()
    sys.exit(exit_code)
