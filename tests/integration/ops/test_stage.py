"""Where the demo shows commands: what goes wrong ends it, with the reason."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from ops.demo.stage import Stage, StepFailedError
from ops.demo.story import preview
from ops.holding import held


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with held(tmp_path / "demo.lock") as life:
        stage = Stage(Console(file=io.StringIO(), width=80), tmp_path, life)
        yield stage
        stage.stop()


def printed(stage: Stage) -> str:
    assert isinstance(stage.console.file, io.StringIO)
    return stage.console.file.getvalue()


def test_a_step_that_fails_is_shown_whole_and_ends_the_demo(stage: Stage) -> None:
    with pytest.raises(StepFailedError, match="exit code 1 instead of 0"):
        stage.step("Nonsense", "no_such_command", shows=lambda _: [])
    assert "Unknown command: 'no_such_command'" in printed(stage)


def test_a_step_that_should_fail_and_does_not_ends_the_demo_too(stage: Stage) -> None:
    with pytest.raises(StepFailedError, match="exit code 0 instead of 3"):
        stage.step("Help", "help", code=3)


def test_a_process_that_ends_is_not_waited_for_in_vain(stage: Stage) -> None:
    stage.start("worker", [sys.executable, "-c", "raise SystemExit('no such broker')"])
    with pytest.raises(StepFailedError, match="the worker ended: no such broker") as caught:
        stage.until(lambda: None)
    assert str(stage.home / "log" / "worker.log") in str(caught.value)


def test_long_lines_are_broken_between_words_and_keep_their_indent(stage: Stage) -> None:
    stage.show(["  " + "word " * 30, "short", ""])
    lines = printed(stage).splitlines()
    assert max(map(len, lines)) <= 80
    assert [line[:7] for line in lines] == ["  word ", "      w", "short", ""]


def test_a_preview_shows_some_changes_and_the_counts_and_nothing_of_how_things_are() -> None:
    changes = [f"updated Film {number}" for number in range(7)]
    counts = ["collection.tidy_up succeeded in 0.1 s (dry run: nothing was changed)", "  20 processed: 7 updated"]
    told = preview(5)([*changes, *counts, "  15: 6 DVDs"])
    assert told == [*changes[:5], "… and 2 more lines of changes", *counts]
    assert preview(0)([*changes, *counts, "  15: 6 DVDs"]) == counts
