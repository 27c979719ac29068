"""What processes leave unimported: whoever waits for a command waits for its imports."""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from ops.processes import ROOT
from tests.integration.operations.factories import COMMITTED

pytestmark = COMMITTED
PROGRAM = """
import atexit, json, runpy, sys
atexit.register(lambda: print("\\n" + json.dumps([*sys.modules])))
sys.argv[0] = "manage.py"
runpy.run_path("manage.py", run_name="__main__")
"""
HTTP = ("backend.tracking.connectors.youtrack", "httpcore2", "httpx2", "stamina", "upkeep.remote.client")
UNNEEDED = (*HTTP, "numpy", "redis", "rich", "valkey")
ONLY_TO_RUN = (
    *UNNEEDED,
    "PIL",
    "backend.config.celery",
    "celery.app.amqp",
    "cryptography",
    "re2",
    "upkeep.worker.task",
)


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        (
            "refresh_missing_details --help",
            (
                *ONLY_TO_RUN,
                "backend.tracking.services",
                "tasks.accounts",
                "tasks.collection.populate",
                "tasks.tracking",
            ),
        ),
        ("help make_users", (*ONLY_TO_RUN, "backend.collection.services", "tasks.collection", "tasks.housekeeping")),
        ("check", UNNEEDED),
        ("normalize_uk_certifications --dry-run", UNNEEDED),
    ],
)
def test_a_process_imports_nothing_that_it_does_not_need(
    environment: Mapping[str, str], command: str, unneeded: tuple[str, ...]
) -> None:
    program = [sys.executable, "-c", PROGRAM, *command.split()]
    output = subprocess.run(program, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert [name for name in json.loads(output.splitlines()[-1]) if name.startswith(unneeded)] == []
