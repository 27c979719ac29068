"""How long the command line, and a module that declares an operation, take to be there."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import child
from tests.benchmarks.pairs import measured
from tests.benchmarks.report import Row, at_most

DECLARED = """
from pydantic import PositiveInt
from upkeep.operations import Params, RunContext, operation

class SyncPrices(Params):
    limit: PositiveInt | None = None

@operation("goods.sync_prices")
def sync_prices(params: SyncPrices, run: RunContext) -> None:
    'Fetch the prices.'
"""
PLAIN = """
import django.db.models
from pydantic import BaseModel, PositiveInt

class SyncPrices(BaseModel):
    limit: PositiveInt | None = None
"""
HELP = [sys.executable, str(child.MANAGE), "refresh_missing_details", "--help"]
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def declaration(*, quick: bool) -> Iterator[Row]:
    """Beside what every module with models and a pydantic model imports."""
    pairs = measured(3 if quick else 15, lambda: _seconds(DECLARED), lambda: _seconds(PLAIN))
    yield Row(
        "declare an operation", "django.db.models, and a pydantic model",
        pairs.slower, goal=at_most(1.3), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
    )  # fmt: skip


def help_text(*, quick: bool) -> Iterator[Row]:
    """Beside the least that Django's command line does, in a project as `startproject` makes it."""
    with TemporaryDirectory() as folder:
        child.ended([sys.executable, "-m", "django", "startproject", "bare", folder])
        check = [sys.executable, str(Path(folder, "manage.py")), "check"]
        own = {"DJANGO_SETTINGS_MODULE": "bare.settings"}
        pairs = measured(
            3 if quick else 9, lambda: child.ended(HELP).seconds, lambda: child.ended(check, **own).seconds
        )
        ours, bare = _megabytes(HELP), _megabytes(check, **own)
    name, beside = "manage.py refresh_missing_details --help", "manage.py check of a bare startproject"
    yield Row(name, beside, pairs.slower, goal=at_most(1.8), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s")
    yield Row(name, beside, ours, "MB", at_most(85), other=f"{bare:.0f} MB")


def generated(*, quick: bool) -> Iterator[Row]:
    """Everything that `generate_command` checks and renders, beside the least that Django's command line does."""
    command = ("generate_command", "benchmarked", "sync_prices", "--type", "integration", "--dry-run")
    pairs = measured(3 if quick else 9, lambda: child.manage(*command).seconds, lambda: child.manage("check").seconds)
    yield Row(
        "manage.py generate_command --dry-run", "manage.py check",
        pairs.slower, goal=at_most(1.5), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
    )  # fmt: skip


def _megabytes(command: list[str], **environment: str) -> float:
    """Its peak, started by a process that is smaller: it inherits its parent's."""
    return (
        int(child.ended([sys.executable, "-c", PEAK, *command], **environment).output)
        * 1024
        / child.KIBIBYTES
        / 1_000_000
    )


def _seconds(program: str) -> float:
    return child.ended([sys.executable, "-c", program]).seconds
