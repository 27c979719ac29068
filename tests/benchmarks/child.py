"""Fresh processes: of a function of ours, which yields what it finds, or of any command, with its peak memory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[2]
MANAGE = ROOT / "manage.py"
KIBIBYTES = 1 if sys.platform == "linux" else 1024
"""getrusage counts in KiB on Linux, in bytes on macOS."""


class FailedError(Exception):
    """A child process failed; it has said why on standard error."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended."""

    output: str
    seconds: float
    megabytes: float
    """Its peak of resident memory; not less than the caller's own, which a process inherits."""


def found(path: str, environment: Mapping[str, str], **options: Any) -> Iterator[dict[str, Any]]:
    """What the function `package.module.function` yields in a process where Django is set up, as it comes."""
    command = [sys.executable, "-m", __name__, path, json.dumps(options)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise FailedError(f"{path} ended with {process.returncode}")


def ended(command: list[str], **environment: str) -> Ended:
    """Run a command to its end."""
    started = perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise FailedError(f"{' '.join(command)} ended with {process.returncode}")
    return Ended(output, perf_counter() - started, usage.ru_maxrss / KIBIBYTES * 1024 / 1_000_000)


def manage(*words: str, **environment: str) -> Ended:
    """Run `manage.py` to its end."""
    return ended([sys.executable, str(MANAGE), *words], **environment)


def main() -> None:
    """Be that process."""
    import django  # noqa: PLC0415 - the parent stays small, since its memory would count as that of its children

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
    django.setup()
    path, options = sys.argv[1:]
    module, _, name = path.rpartition(".")
    for item in getattr(import_module(module), name)(**json.loads(options)):
        sys.stdout.write(json.dumps(item if isinstance(item, dict) else asdict(item)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
