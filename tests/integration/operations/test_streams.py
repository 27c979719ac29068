"""What a run does when nobody can read it any more, or never could."""

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

import pytest
from django.core.management import call_command
from django.db import connection

from backend.collection.models import DVD
from tests import warm
from tests.acceptance.polling import until
from tests.integration.operations.factories import COMMITTED, copies, dvds
from tests.integration.operations.processes import ROOT, Ended, typed
from tests.operations.dvds import AddOne, add_one
from tests.operations.management.commands import add_one as adding
from tests.operations.management.commands import remove_dvds as removing
from upkeep.operations import runner, streams, submission
from upkeep.operations.leases import claims
from upkeep.operations.management.commands import cancel_run, resume_run
from upkeep.operations.models import Run

pytestmark = COMMITTED
MANY = 400
"""Their lines are more than a pipe holds."""
PIPE_BYTES = 1 << 16
LEAVING = "| head -n 1"
ALL_CLOSED = "<&- >&- 2>&-"
MANAGE = ROOT / "manage.py"
OTHER_PROJECT = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
"""A `manage.py` that knows nothing of all this."""


def many() -> None:
    """Store `MANY` DVDs with long names."""
    DVD.objects.bulk_create(DVD(name=f"Film {number} {'o' * 200}") for number in range(MANY))


def shell(environment: Mapping[str, str], redirection: str, *arguments: str, program: Path = MANAGE) -> Ended:
    """What became of `manage.py` with the streams that bash would give it for this redirection.

    The reader of `| true` leaves before anything is written, and that of `| head -n 1` after a line.
    """
    own, _, reader = redirection.partition("| ")
    with ExitStack() as opened, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        pipe, end = (opened.enter_context(os.fdopen(each, mode)) for each, mode in zip(os.pipe(), "rw", strict=True))
        nothing = os.open(os.devnull, os.O_RDONLY)
        opened.callback(os.close, nothing)
        given: list[int | None] = [nothing, (end if reader else out).fileno(), err.fileno()]
        for stream, target in re.findall(r"([<>]|2>)(\S+)", own):
            given[["<", ">", "2>"].index(stream)] = redirected(target, given, opened)
        if reader == "true":
            pipe.close()
        child = warm.fork([str(program), *arguments], environment, ROOT, given)
        end.close()
        line = pipe.readline() if reader.startswith("head") else ""
        pipe.close()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return Ended(code, line + written(out), written(err))


def redirected(target: str, given: list[int | None], opened: ExitStack) -> int | None:
    """What a stream is connected with by `>target`; None: it is closed."""
    if target in {"&-", "&1"}:
        return given[1] if target == "&1" else None
    file = os.open(target, os.O_WRONLY)
    opened.callback(os.close, file)
    return file


def written(file: IO[str]) -> str:
    """All that is in it."""
    file.seek(0)
    return file.read()


def assert_quiet(done: Ended) -> None:
    """Nothing but lines for people."""
    for noise in ("Traceback", "Exception ignored", "BrokenPipe", "Errno"):
        assert noise not in done.err + done.out


@pytest.mark.parametrize(
    "redirection",
    [LEAVING, "2>&1 | head -n 1", "<&-", ">&-", "2>&-", ALL_CLOSED, ">/dev/full", "2>/dev/full", ">/dev/full 2>&1"],
)
def test_a_run_is_done_whatever_becomes_of_its_output(environment: dict[str, str], redirection: str) -> None:
    many()
    done = shell(environment, redirection, "add_one", "--verbose")
    assert done.code == 0, done
    assert_quiet(done)
    assert (Run.objects.get().status, set(copies())) == ("succeeded", {2})
    assert ("stdout cannot be written (No space left on device)" in done.err) is (redirection == ">/dev/full")


@pytest.mark.parametrize("redirection", [LEAVING, ALL_CLOSED, ">/dev/full"])
def test_what_destroys_goes_through_to_its_end(environment: dict[str, str], redirection: str) -> None:
    many()
    done = shell(environment, redirection, "run_task", "remove_dvds", "--sync", "--no-input", "--verbose")
    assert done.code == 0, done
    assert_quiet(done)
    assert (Run.objects.get().status, DVD.objects.count()) == ("succeeded", 0)


@pytest.mark.parametrize("redirection", ["| true", ">&-", ">/dev/full"])
def test_the_exit_code_is_that_of_the_run(environment: dict[str, str], redirection: str) -> None:
    dvds(1)
    done = shell(environment, redirection, "add_one", "--json", "--ending", "refused")
    assert (done.code, Run.objects.get().status, copies()) == (1, "failed", [2])
    assert_quiet(done)


@pytest.mark.parametrize("redirection", ["| true", ALL_CLOSED, ">/dev/full"])
def test_another_projects_manage_py_is_as_good(environment: dict[str, str], redirection: str, tmp_path: Path) -> None:
    many()
    program = tmp_path / "other.py"
    program.write_text(OTHER_PROJECT, encoding="utf-8")
    done = shell({**environment, "PYTHONPATH": str(ROOT)}, redirection, "add_one", "--verbose", program=program)
    assert done.code == 0, done
    assert_quiet(done)
    assert (Run.objects.get().status, set(copies())) == ("succeeded", {2})


@pytest.mark.parametrize("redirection", ["| true", ALL_CLOSED])
def test_enqueueing_records_the_run(environment: dict[str, str], redirection: str) -> None:
    done = shell(environment, redirection, "add_one", "--enqueue")
    assert (done.code, Run.objects.get().status) == (0, "queued")
    assert_quiet(done)


@pytest.mark.parametrize("redirection", ["| true", ">&- 2>&-"])
def test_who_waits_gets_the_code_of_the_run(environment: dict[str, str], broker: str, redirection: str) -> None:
    assert broker
    dvds(1)

    def work() -> None:
        run = until(Run.objects.filter(status="queued").first)
        attempt = claims.claim(run.pk)
        assert attempt
        runner.carry_out(run.pk, attempt)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work)
        done = shell(environment, redirection, "add_one", "--wait", "--verbose")
        working.result()
    assert (done.code, Run.objects.get().status, copies()) == (0, "succeeded", [2])
    assert_quiet(done)


@pytest.mark.parametrize("redirection", ["| true", ALL_CLOSED])
def test_the_other_commands_do_what_they_are_for(environment: dict[str, str], redirection: str) -> None:
    run = submission.record(add_one, AddOne(), queue="default")
    assert shell(environment, redirection, "recover_runs").code == 0
    assert shell(environment, redirection, "cancel_run", str(run.pk)).code == 0
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert shell(environment, redirection, "resume_run", str(run.pk)).code == 0
    run.refresh_from_db()
    assert run.status == "succeeded"


@pytest.mark.parametrize(
    ("redirection", "arguments"),
    [("| true", ["run_task"]), (">&-", ["add_one", "--help"]), (">/dev/full", ["run_task"])],
)
def test_what_only_prints_ends_without_noise(
    environment: dict[str, str], redirection: str, arguments: list[str]
) -> None:
    done = shell(environment, redirection, *arguments)
    assert done.code == 0, done
    assert_quiet(done)


@pytest.mark.parametrize("redirection", ["2>&-", "2>&1 | true"])
def test_an_error_that_nobody_can_read_keeps_its_code(environment: dict[str, str], redirection: str) -> None:
    assert shell(environment, redirection, "add_one", "--limt", "3").code == 2


def test_json_is_whole_without_a_stderr(environment: dict[str, str]) -> None:
    dvds(2)
    assert shell(environment, "2>&-", "add_one", "--json").json["counts"]["updated"] == 2


def test_a_pipe_that_does_not_block_gets_everything(environment: dict[str, str]) -> None:
    many()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    command = [sys.executable, "manage.py", "add_one", "--verbose"]
    with warm.Popen(command, cwd=ROOT, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True) as process:
        os.close(writing)
        assert process.stderr
        until(Run.objects.filter(status="running", counts__updated__gt=0).exists)
        with open(reading) as pipe:  # noqa: PTH123 - not a path
            text = pipe.read()
        assert (process.stderr.read(), process.wait(20)) == ("", 0)
    lines = text.splitlines()
    assert len(text) > PIPE_BYTES
    assert sum(line.startswith("updated ") for line in lines) == MANY


# ---- terminals


def hung_up(environment: Mapping[str, str], *arguments: str, ignoring: bool = False) -> int:
    """The exit code of `manage.py` whose terminal went away once its run had committed something."""
    master, slave = pty.openpty()

    def lead() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignoring else signal.SIG_DFL)

    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**environment, "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=lead,  # noqa: PLW1509 - no thread runs here
    )
    os.close(slave)
    while b"batch 1" not in os.read(master, 4096):
        pass
    os.close(master)
    return process.wait(30)


def test_a_run_whose_terminal_goes_away_is_cancelled_and_can_be_resumed(environment: dict[str, str]) -> None:
    dvds(2)
    assert hung_up(environment, "add_one", "--hang", "sleep") == 130
    run = Run.objects.get()
    assert (run.status, run.counts["updated"], copies()) == ("cancelled", 2, [2, 2])


def test_under_nohup_it_goes_on_without_its_terminal(environment: dict[str, str]) -> None:
    many()
    assert hung_up(environment, "add_one", ignoring=True) == 0
    assert (Run.objects.get().status, set(copies())) == ("succeeded", {2})


# ---- asking


@pytest.mark.parametrize("redirection", ["<&-", ALL_CLOSED])
def test_who_cannot_answer_has_not_confirmed(environment: dict[str, str], redirection: str) -> None:
    dvds(2)
    done = shell(environment, redirection, "remove_dvds")
    assert (done.code, DVD.objects.count(), Run.objects.count()) == (2, 2, 0)
    assert_quiet(done)


def test_an_input_that_ends_is_no_confirmation(environment: dict[str, str]) -> None:
    dvds(2)
    ended = typed(environment, "remove_dvds", prompt="Type 'all' to continue: ", answer="\x04")
    assert (ended.code, DVD.objects.count()) == (2, 2)
    assert_quiet(ended)


@pytest.mark.parametrize("stdin", [None, StringIO("all"), open(os.devnull)])  # noqa: PTH123, SIM115
def test_a_stdin_that_is_no_terminal_answers_nothing(stdin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert not streams.is_terminal(sys.stdin)
    if stdin:
        stdin.close()
    assert (streams.is_terminal(sys.stdin), streams.answer()) == (False, "")


# ---- a caller's own streams


class Broken(StringIO):
    """Everything but `write` and `flush` works."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self) -> None:
        raise ValueError("I/O operation on closed file")


@pytest.mark.parametrize("options", [{}, {"verbose": True}, {"json": True}])
def test_a_callers_stream_that_fails_does_not_fail_the_run(options: dict[str, Any]) -> None:
    dvds(3)
    call_command(adding.Command(), stdout=Broken(), stderr=Broken(), **options)
    call_command(removing.Command(), stdout=Broken(), no_input=True, **options)
    assert (set(Run.objects.values_list("status", flat=True)), DVD.objects.count()) == ({"succeeded"}, 0)


def test_a_callers_stream_that_fails_does_not_fail_other_commands() -> None:
    run = submission.record(add_one, AddOne(), queue="default")
    call_command(cancel_run.Command(), str(run.pk), stdout=Broken())
    call_command(resume_run.Command(), str(run.pk), stdout=Broken())
    run.refresh_from_db()
    assert run.status == "succeeded"


def test_a_process_without_stdout_may_call_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    dvds(1)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", cast("IO[str]", None))
    call_command(adding.Command(), verbose=True)
    assert copies() == [2]


def test_a_callers_stream_gets_what_it_should() -> None:
    dvds(1)
    out = StringIO()
    call_command(adding.Command(), stdout=out, json=True)
    assert json.loads(out.getvalue())["status"] == "succeeded"


def test_descriptors_that_are_missing_are_never_somebody_elses(environment: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from upkeep.operations import streams\n"
        "streams.open_missing()\n"
        "import os, sys\n"
        "opened = os.open('/dev/zero', os.O_RDONLY)\n"
        "print('nobody hears that', flush=True)\n"
        "print('nor that', file=sys.stderr, flush=True)\n"
        "assert sys.stdin.read() == ''\n"
        "os._exit(opened > 2 and os.path.samefile('/dev/fd/1', os.devnull) and os.get_inheritable(1))\n"
    )
    command = ["bash", "-c", f'exec "$@" {ALL_CLOSED}', "bash", sys.executable, str(program)]
    done = subprocess.run(
        command, env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
