"""The processes of the stack, with real ones."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.processes import Process, stop
from tests.acceptance.embedded.program import exists
from upkeep.embedded.polling import attempts

PARENT = 'sh -c "trap : TERM; echo \\$\\$ >{folder}/child; while :; do sleep 600; done" & while :; do sleep 600; done'
"""A program that SIGTERM ends, and whose child, and that one's child, do not listen to it."""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Process]:
    process = Process("parent", ["sh", "-c", PARENT.format(folder=tmp_path)], tmp_path / "log")
    process.start()
    yield process
    stop([process])


def child_in(folder: Path) -> int:
    for _ in attempts(30):
        if (folder / "child").exists() and (text := (folder / "child").read_text()):
            return int(text)
    raise AssertionError("the program has no child")


def test_what_a_program_leaves_running_is_stopped_with_it(parent: Process, tmp_path: Path) -> None:
    child = child_in(tmp_path)
    stop([parent])
    assert any(not exists(child) for _ in attempts(30))
    stop([parent])


def test_what_a_killed_program_leaves_running_is_ended_before_it_is_started_again(
    parent: Process, tmp_path: Path
) -> None:
    child = child_in(tmp_path)
    assert parent._popen
    os.kill(parent._popen.pid, signal.SIGKILL)
    assert any(parent.ended() for _ in attempts(30))
    assert exists(child)
    parent.start()
    assert any(not exists(child) for _ in attempts(30))
