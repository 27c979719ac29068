"""The home of a demo: of its own, and made anew each time."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from backend.config.environment import DEMO, ordinary
from ops import stack
from ops.holding import end_leftovers
from upkeep.embedded import postgres, redis
from upkeep.embedded.locks import is_held

HEADING = "# The home of a demo: what is said here counts, not the environment or .env: docs/deployment.md.\n"


class HomeError(Exception):
    """The home cannot be made anew; says why."""


def enter(home: Path) -> None:
    """Let this process, and all that it starts, work in `home`, and know nothing of what the environment names."""
    kept = ordinary(os.environ)
    os.environ.clear()
    os.environ.update(kept, UPKEEP_HOME=str(home), DJANGO_SETTINGS_MODULE="backend.config.settings")
    os.environ["PYTHONUNBUFFERED"] = "1"  # what a command says on stdout and stderr is shown in its order


@contextmanager
def fresh(home: Path) -> Iterator[None]:
    """An empty home; what still runs in the last one is ended first. Its servers stop at the end, its data stay.

    Raises HomeError when `home` is something else, or in use; EmbeddedError or OSError when it cannot be emptied.
    """
    if home.exists() and not (home / DEMO).is_file() and any(home.iterdir()):
        raise HomeError(f"{home} is not the home of a demo: move it away")
    if is_held(home / stack.LOCK):
        raise HomeError(f"the stack of the last demo is running: `{stack.for_home(home)}make stop` ends it")
    end_leftovers(home / stack.LOCK)
    stop_servers(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    configure(home)
    for old in home.iterdir():
        if old.name != DEMO:  # which says to the last that all this may be deleted
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    try:
        yield
    finally:
        stop_servers(home)


def configure(home: Path, settings: Mapping[str, str] | None = None) -> None:
    """Let these be all the settings that the home has."""
    lines = [f"{name}={value}\n" for name, value in (settings or {}).items()]
    (home / DEMO).write_text(HEADING + "".join(lines), encoding="utf-8")


def stop_servers(home: Path) -> None:
    """Stop the embedded servers of the home."""
    for server in (postgres, redis):
        server.stop(home)
