"""What a worker costs: idle, and for each run. Beside a bare project on the same Django, PostgreSQL and Redis."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from time import sleep

from celery import Celery
from django.db import connection

from tests.benchmarks.child import ROOT
from tests.benchmarks.operations import Nothing, do_nothing
from tests.benchmarks.pairs import measured
from tests.benchmarks.recovery import broker
from tests.benchmarks.report import Row, at_least, at_most
from upkeep.operations import submission

PROCESSES = 4
BARE = {
    "settings.py": """
        import os, environ
        SECRET_KEY = "x" * 50
        INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_celery_results"]
        DATABASES = {"default": environ.Env().db("DATABASE_URL")}
        USE_TZ = True
        CELERY_BROKER_URL = os.environ["CELERY_BROKER_URL"]
        CELERY_RESULT_BACKEND = "django-db"
        CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
    """,
    "app.py": """
        from celery import Celery
        app = Celery("bare")
        app.config_from_object("django.conf:settings", namespace="CELERY")
        @app.task(name="bare.nothing")
        def nothing():
            pass
    """,
}
"""Files of the bare project's package."""
CLEAR = "TRUNCATE upkeep_operations_run, django_celery_results_taskresult CASCADE"


@dataclass(frozen=True, slots=True)
class Project:
    """Whose worker is measured."""

    folder: Path
    app: str
    settings: str
    table: str
    """Of what it carried out."""
    ended: str
    """The column that says when."""

    def environment(self, url: str) -> dict[str, str]:
        """Of its processes; `url` is the broker's."""
        own = {"CELERY_BROKER_URL": url, "DJANGO_SETTINGS_MODULE": self.settings, "PYTHONPATH": str(self.folder)}
        return {**os.environ, **own}


OURS = Project(ROOT, "tests.benchmarks.worker_app", "backend.config.settings", "upkeep_operations_run", "finished_at")


def memory(*, quick: bool) -> Iterator[Row]:  # noqa: ARG001 - there is nothing to make less of
    """The proportional set size of all processes of a worker that has nothing to do."""
    with broker() as url, _bare_project() as plain:
        ours, bare = _megabytes(replace(OURS, app="backend"), url), _megabytes(plain, url)
    yield Row(
        f"an idle worker, {PROCESSES} processes: PSS", "a bare Celery worker",
        ours / bare, goal=at_most(1.5), ours=f"{ours:,.0f} MB", other=f"{bare:,.0f} MB",
    )  # fmt: skip


def rate(*, quick: bool) -> Iterator[Row]:
    """Runs that do nothing, which wait already, and one process that carries them out."""
    number, rounds = (200, 1) if quick else (3_000, 3)
    with broker() as url, _bare_project() as plain:
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "django_celery_results", "--verbosity", "0"],
            cwd=plain.folder, env=plain.environment(url), check=True,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(CLEAR)
        send = partial(Celery("bare", broker=url).send_task, "bare.nothing")
        enqueue = partial(submission.enqueue, do_nothing, Nothing())
        pairs = measured(
            rounds, lambda: _seconds(OURS, url, enqueue, number), lambda: _seconds(plain, url, send, number)
        )
    yield Row(
        "runs that do nothing, in one process", f"django-celery-results, {number:,} runs",
        pairs.faster, goal=at_least(0.6), ours=f"{number / pairs.ours:,.0f}/s", other=f"{number / pairs.other:,.0f}/s",
    )  # fmt: skip


def _seconds(project: Project, url: str, send: Callable[[], object], number: int) -> float:
    """From the end of the first to that of the last."""
    for _ in range(number):
        send()
    latest = f"SELECT {project.ended} FROM {project.table} WHERE {project.ended} IS NOT NULL"  # noqa: S608 - ours
    with connection.cursor() as cursor:
        with _worker(project, url, 1):
            ends: list[tuple[datetime]] = []
            while len(ends) < number:
                sleep(0.2)
                cursor.execute(latest)
                ends = cursor.fetchall()
        cursor.execute(CLEAR)
    return (max(ends)[0] - min(ends)[0]).total_seconds()


def _megabytes(project: Project, url: str) -> float:
    with _worker(project, url, PROCESSES) as pid:
        sleep(3)  # until all of it is imported
        return sum(_pss(each) for each in _family(pid)) / 1_000


def _pss(pid: int) -> float:
    """Kilobytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found
    return int(found[1]) * 1.024


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        yield from _family(int(child))


@contextmanager
def _worker(project: Project, url: str, processes: int) -> Iterator[int]:
    """The process id of a worker that is ready."""
    command = [sys.executable, "-m", "celery", "-A", project.app, "worker", "-c", str(processes), "-l", "ERROR"]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=project.folder, env=project.environment(url), stdout=nothing) as worker:
        try:
            with Celery(broker=url) as asking:
                while not asking.control.ping(timeout=0.5):
                    assert worker.poll() is None
            yield worker.pid
        finally:
            worker.terminate()


@contextmanager
def _bare_project() -> Iterator[Project]:
    with TemporaryDirectory() as name:
        package = Path(name) / "bare"
        package.mkdir()
        for file, text in {"__init__.py": "", **BARE}.items():
            (package / file).write_text(dedent(text), encoding="utf-8")
        yield Project(Path(name), "bare.app", "bare.settings", "django_celery_results_taskresult", "date_done")
