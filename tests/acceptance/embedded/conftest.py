import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upkeep.embedded import postgres, redis
from upkeep.embedded.folders import for_sockets

MakeHome = Callable[[str], Path]


@pytest.fixture
def make_home(tmp_path: Path) -> Iterator[MakeHome]:
    """Homes under a test's own folder, none of whose servers outlives the test."""
    homes: list[Path] = []

    def make(name: str) -> Path:
        homes.append(tmp_path / name)
        return homes[-1]

    yield make
    for home in homes:
        postgres.stop(home)
        redis.stop(home)
        for name in ("postgresql", "redis"):
            if (sockets := for_sockets(home / name)).parent == Path("/tmp"):  # noqa: S108 - where long homes have it
                shutil.rmtree(sockets, ignore_errors=True)


@pytest.fixture
def home(make_home: MakeHome) -> Path:
    return make_home("home")


@pytest.fixture
def bystander() -> Iterator[int]:
    """The pid of a process that has nothing to do with us."""
    pid = os.posix_spawn(shutil.which("sleep") or "sleep", ["sleep", "600"], os.environ)
    yield pid
    os.kill(pid, 9)
    os.waitpid(pid, 0)
