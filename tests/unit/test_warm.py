import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import warm

PROGRAM = """
import json, os, signal, sys
number = int(sys.argv[1])
streams = [(stream.encoding, stream.errors, stream.line_buffering) for stream in (sys.stdin, sys.stdout, sys.stderr)]
print(json.dumps({
    "argv": sys.argv, "path": sys.path, "flags": repr(sys.flags), "name": __name__,
    "environment": dict(os.environ), "folder": os.getcwd(), "parent": os.getppid(),
    "group": os.getpgid(0) == os.getpid(), "session": os.getsid(0) == os.getpid(),
    "open": sorted(os.listdir("/proc/self/fd")), "streams": streams, "said": sys.stdin.read(),
    "handlers": [repr(signal.getsignal(one)) for one in sorted(signal.valid_signals())],
    "blocked": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "settings": [name for name in sys.modules if name.startswith(("upkeep", "backend", "tasks", "flower"))],
}))
if number == signal.SIGINT:
    raise KeyboardInterrupt
sys.stderr.write("the end")
sys.exit(number)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def seen(popen: type[subprocess.Popen[str]], *words: str, **given: Any) -> tuple[int, dict[str, Any], str]:
    """How the program ended, what it saw, and the last line of what it told on stderr."""
    pipe = subprocess.PIPE
    with popen([sys.executable, *words], stdin=pipe, stdout=pipe, stderr=pipe, text=True, **given) as process:
        out, err = process.communicate("yes")
    return process.returncode, json.loads(out), err.splitlines()[-1]


@pytest.mark.parametrize("is_module", [False, True])
@pytest.mark.parametrize("new_session", [False, True])
def test_a_forked_process_sees_what_one_that_was_started_sees(
    program: Path, *, is_module: bool, new_session: bool
) -> None:
    words = ["-m", program.stem] if is_module else [program.name]
    environment = {**os.environ, "PYTHONPATH": "/some:/where", "ANOTHER": "variable"}
    given = {"cwd": program.parent, "env": environment, "start_new_session": new_session}
    forked = seen(warm.Popen, *words, "7", "b", **given)
    assert forked == seen(subprocess.Popen, *words, "7", "b", **given)
    assert forked[1]["parent"] == os.getpid()


def test_streams_may_be_closed(tmp_path: Path) -> None:
    report, program = tmp_path / "report", tmp_path / "program.py"
    seen = "[*map(repr, (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__)), *os.listdir('/proc/self/fd')]"
    program.write_text(
        f"import os, sys\nfile = os.open({str(report)!r}, os.O_WRONLY)\nos.write(file, repr({seen}).encode())"
    )
    said = []
    for closed in ('exec "$@" <&- >&- 2>&-', None):
        report.write_text("")
        if closed:
            subprocess.run(["bash", "-c", closed, "bash", sys.executable, str(program)], check=True)
        else:
            assert os.waitpid(warm.fork([str(program)], os.environ, tmp_path, [None] * 3), 0)[1] == 0
        said.append(report.read_text())
    assert said[0] == said[1]
    assert said[0].startswith("['None', 'None', 'None', 'None', ")


def test_ctrl_c_ends_it_as_any_other(program: Path) -> None:
    words, environment = [str(program), str(signal.SIGINT.value)], dict(os.environ)
    forked = seen(warm.Popen, *words, env=environment)
    assert forked == seen(subprocess.Popen, *words, env=environment)
    assert forked[0] == -signal.SIGINT


def test_its_end_can_be_waited_for() -> None:
    with warm.Popen([sys.executable, "-m", "timeit", "-n1", "-r1", "import time; time.sleep(600)"]) as process:
        assert process.poll() is None
        process.kill()
        assert process.wait() == -signal.SIGKILL
