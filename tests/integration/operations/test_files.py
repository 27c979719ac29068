import os
import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from pytest_django import Settings

from tests.integration.operations.factories import COMMITTED
from tests.operations.dvds import Read, read_file
from upkeep.operations import cancellation, runner, submission
from upkeep.operations.errors import InvalidParamsError, OperationError
from upkeep.operations.files import MAX_STORED_BYTES, InputFile, OutputFile, check_stored, opened
from upkeep.operations.leases import claims
from upkeep.operations.models import Run, RunFile
from upkeep.operations.params import Params

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]

CONTENT = b"Alien,1979\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file."""
    file = tmp_path / "list.csv"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def sent(path: Path) -> Run:
    """A queued run that was given the file, which is gone from the disk since."""
    run = submission.enqueue(read_file, Read(file=InputFile.at(str(path))))
    path.unlink()
    return run


def carry_out(run: Run) -> None:
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)


def succeed(run: Run) -> None:
    carry_out(run)
    assert Run.objects.get().report == [CONTENT.decode()]


def fail(run: Run) -> None:
    RunFile.objects.filter(run=run).update(content=b"nonsense")
    carry_out(run)
    assert Run.objects.get().error == "list.csv cannot be decrypted: its key is gone from FERNET_KEYS"


def cancel_queued(run: Run) -> None:
    cancellation.cancel(run.pk)


def cancel_running(run: Run) -> None:
    attempt = claims.claim(run.pk)
    assert attempt
    claims.release(run.pk, attempt, Run.Status.CANCELLED)


def cancel_killed(run: Run) -> None:
    claims.claim(run.pk)
    cancellation.cancel(run.pk, killed=True)


def skip(run: Run) -> None:
    claims.move(run.pk, Run.Status.QUEUED, Run.Status.SKIPPED)


def test_the_content_is_stored_encrypted_and_the_path_is_not(sent: Run, path: Path) -> None:
    stored = RunFile.objects.get()
    assert CONTENT not in bytes(stored.content)
    assert b"Alien" not in bytes(stored.content)
    assert sent.params == {"file": {"name": "list.csv", "sha256": stored.sha256, "path": None}}
    assert str(path.parent) not in str(sent.params)


@pytest.mark.parametrize("end", [succeed, fail, cancel_queued, cancel_running, cancel_killed, skip])
def test_the_content_is_deleted_when_the_run_ends(sent: Run, end: Callable[[Run], None]) -> None:
    end(sent)
    assert not RunFile.objects.exists()


def test_the_content_stays_while_the_run_goes_back_to_the_queue(sent: Run) -> None:
    attempt = claims.claim(sent.pk)
    assert attempt
    claims.release(sent.pk, attempt, Run.Status.QUEUED)
    succeed(sent)


def test_a_run_cannot_be_resumed_without_its_file(sent: Run) -> None:
    cancellation.cancel(sent.pk)
    carry_out(submission.requeue(sent.pk, queue="default"))
    assert Run.objects.get().error == "list.csv was deleted when the run ended: start a new run with it"


def test_a_content_can_be_read_after_its_key_was_rotated(sent: Run, settings: Settings) -> None:
    settings.FERNET_KEYS = ["jTPKlOqrPNZ5kGAdxUH2fC6zBX5RoGMVLFchKAwvDY0=", *settings.FERNET_KEYS]
    succeed(sent)


def test_a_stored_content_that_is_not_what_was_sent_is_refused(sent: Run) -> None:
    RunFile.objects.update(sha256="0" * 64)
    Run.objects.update(params={"file": {**sent.params["file"], "sha256": "0" * 64}})
    carry_out(sent)
    assert Run.objects.get().error == "list.csv changed since the run was started: start a new one"


def test_a_file_of_more_than_16_mb_is_not_sent(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_STORED_BYTES + 1)
    with pytest.raises(OperationError, match="larger than the 16 MB"):
        submission.enqueue(read_file, Read(file=InputFile.at(str(path))))
    assert not Run.objects.exists()
    assert not RunFile.objects.exists()


class Write(Params):
    file: OutputFile
    """What to write."""


def test_a_path_from_outside_is_refused(path: Path) -> None:
    with pytest.raises(InvalidParamsError, match="a path is read in the foreground only"):
        check_stored(Read(file=InputFile.at(str(path))))


def test_a_file_that_a_run_would_write_is_refused_from_outside_and_for_a_worker(path: Path) -> None:
    with pytest.raises(InvalidParamsError, match="file: a file is written in the foreground only, not by a worker"):
        check_stored(Write(file=OutputFile.at(str(path))))


def test_pipes_and_devices_are_refused_before_they_are_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reading, writing = os.pipe()
    os.close(writing)
    for path in (f"/dev/fd/{reading}", "/dev/zero", str(fifo)):
        with pytest.raises(
            OperationError, match=f"^{path} is a pipe or a device, not a file: write it to a file first$"
        ):
            InputFile.at(path)
    os.close(reading)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nowhere/people.csv", "/nowhere/people.csv: No such file or directory"),
        ("/proc/self/mem", "/proc/self/mem: Input/output error"),
        ("a\0b", r"'a\x00b' is not the path of a file: it holds a NUL character"),
        ("n" * 300, f"{'n' * 300}: File name too long"),
    ],
)
def test_what_keeps_a_file_from_being_read_is_said_with_its_path(path: str, message: str) -> None:
    with pytest.raises(OperationError, match=f"^{re.escape(message)}$"):
        InputFile.at(path)


def test_a_file_that_standard_input_was_redirected_from_is_read(path: Path) -> None:
    with path.open("rb") as redirected:
        redirected.read()
        file = InputFile.at(f"/dev/fd/{redirected.fileno()}")
        with opened(uuid4(), file) as content:
            assert content.read() == CONTENT


def test_the_keys_of_the_deployment_are_used() -> None:
    assert all(len(key) == 44 for key in settings.FERNET_KEYS)
