"""Python programs in processes of their own, which use the embedded servers as Upkeep's processes do."""

import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from upkeep.embedded.polling import attempts

ROOT = Path(__file__).resolve().parents[3]
START = """
import sys
import sysconfig
from pathlib import Path
from upkeep.embedded import postgres, redis
home = Path(sys.argv[1])
"""


def start(
    code: str, home: Path, *, prefix: tuple[str, ...] = (), python: str = sys.executable, stderr: int | None = None
) -> "Program":
    """Start `code`, which knows `home`, `postgres` and `redis`, in a process group of its own."""
    return Program(
        [*prefix, python, "-c", START + code, str(home)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{sysconfig.get_path('purelib')}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        process_group=0,
    )


Program = subprocess.Popen[str]


def output(program: Program) -> str:
    """What it printed, once it has ended well."""
    printed, _ = program.communicate(timeout=120)
    assert program.returncode == 0
    return printed.strip()


def exists(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def kill(pid: int) -> None:
    """Kill without warning, and wait until the process is gone."""
    os.kill(pid, signal.SIGKILL)
    assert any(not exists(pid) for _ in attempts(60))
