"""One stack or demo at a time, with real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops.holding import HeldError, end_leftovers, held
from ops.processes import ROOT
from tests.acceptance.embedded.program import exists, kill
from upkeep.embedded.locks import is_held

HOLDER = """
import sys, time
from pathlib import Path
from ops.holding import held
from ops.processes import Process
lock = Path(sys.argv[1])
with held(lock) as life:
    sleeper = Process("sleeper", ["sleep", "600"], lock.with_name("log"), life=life)
    sleeper.start()
    print(sleeper._popen.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "with blanks" / "stack.pid"


def test_there_is_one_holder_and_the_others_learn_who_it_is(lock: Path) -> None:
    with held(lock), pytest.raises(HeldError) as caught, held(lock):
        pass
    assert caught.value.pid == os.getpid()
    with held(lock):
        assert is_held(lock)
    assert not is_held(lock)


def test_what_a_killed_holder_started_is_ended_by_the_next_one(lock: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        sleeper = int(holder.stdout.readline())
        holder.send_signal(signal.SIGKILL)
    assert exists(sleeper)
    with held(lock):
        assert not exists(sleeper)


def test_only_what_the_holder_started_is_ended(lock: Path) -> None:
    with held(lock), subprocess.Popen(["sleep", "600"], cwd=ROOT) as bystander:
        os.chdir(ROOT)
        with lock.open(encoding="ascii"):
            assert not end_leftovers(lock.with_name("another.pid"))
            assert exists(bystander.pid)
        kill(bystander.pid)
