import logging
import re
from contextlib import redirect_stderr
from io import StringIO

import pytest

from tests.operations.dvds import read_file
from upkeep.operations.command import RunCommand, _complaint
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.plans import Change
from upkeep.operations.terminal.bars import StepBars
from upkeep.operations.terminal.console import ConsoleProgress

WRITTEN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal(StringIO):
    """A terminal of 80 columns that remembers what it was sent."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """Everything that it showed, without what moves the cursor and colours."""
        return [line.rstrip() for line in WRITTEN.sub("\n", self.getvalue()).splitlines() if line.strip()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """stderr, within `redirect_stderr`."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def shown(terminal: Terminal, *, processed: int, total: int | None) -> str:
    """The line of a step that has come so far."""
    with redirect_stderr(terminal), StepBars() as bars:
        bars.advance("download gh", 0, total)
        bars.advance("download gh", processed, total)
    return " ".join(terminal.lines())


def test_a_step_without_a_total_shows_how_many_and_no_share_of_anything(terminal: Terminal) -> None:
    text = shown(terminal, processed=60, total=None)
    assert "60" in text
    assert "60 of" not in text
    assert not {"%", "━", "╸", "-:--:--"} & set(re.findall(r"%|━|╸|-:--:--", text))


def test_a_step_with_a_total_shows_its_share(terminal: Terminal) -> None:
    text = shown(terminal, processed=1250, total=5000)
    assert "1,250 of 5,000" in text
    assert "━" in text


def test_a_total_that_becomes_known_late_is_shown(terminal: Terminal) -> None:
    with redirect_stderr(terminal), StepBars() as bars:
        bars.advance("", 1, None)
        bars.advance("", 2, 4)
    assert "2 of 4" in " ".join(terminal.lines())


def test_an_unnamed_step_is_shown_as_processed_and_markup_in_a_name_is_text(terminal: Terminal) -> None:
    with redirect_stderr(terminal), StepBars() as bars:
        bars.advance("", 1, 2)
        bars.advance("download [red]x[/red]", 1, 2)
    text = " ".join(terminal.lines())
    assert "processed" in text
    assert "download [red]x[/red]" in text


def test_lines_and_the_process_s_log_stand_above_the_bars(terminal: Terminal) -> None:
    handler = logging.StreamHandler(terminal)
    logging.getLogger().addHandler(handler)
    try:
        with redirect_stderr(terminal), ConsoleProgress(terminal.write, bars=True, shared=True) as progress:
            progress.advanced("x", 1, 2)
            progress.logged("a line [bold]of[/bold] the run")
            logging.getLogger("somebody").warning("a line of the process")
        logging.getLogger("somebody").warning("afterwards")
    finally:
        logging.getLogger().removeHandler(handler)
    assert {"a line [bold]of[/bold] the run", "a line of the process", "afterwards"} <= set(terminal.lines())
    assert handler.stream is terminal


def test_an_item_with_several_fields_has_its_lines_above_the_bars(terminal: Terminal) -> None:
    change = Change("updated", "1", "Alien", {"budget": (None, 11), "tagline": ("", "In space")})
    with (
        redirect_stderr(terminal),
        ConsoleProgress(terminal.write, bars=True, shared=True, verbose=True) as progress,
    ):
        progress.advanced("x", 1, 2)
        progress.changed([change])
    lines = [line.rstrip() for line in terminal.lines()]
    assert lines[lines.index("updated Alien") :][1:3] == ["    budget: None → 11", "    tagline: '' → 'In space'"]


def test_lines_that_go_elsewhere_are_written_there(terminal: Terminal) -> None:
    lines: list[str] = []
    with redirect_stderr(terminal), ConsoleProgress(lines.append, bars=True) as progress:
        progress.advanced("x", 1, 2)
        progress.logged("a line")
    assert lines == ["a line"]
    assert "a line" not in terminal.getvalue()


@pytest.mark.parametrize("verbosity", [0, 1])
def test_what_was_seen_where_errors_stand_is_known(verbosity: int) -> None:
    options = {"verbosity": verbosity, "verbose": False}
    for as_json in (True, False):
        command = RunCommand(stdout=StringIO(), stderr=StringIO())
        with command.progress(read_file, {**options, "json": as_json}) as progress:
            progress.logged("gh: no road to gh")
        assert progress.seen == ({"gh: no road to gh"} if as_json and verbosity else set())


def test_what_was_seen_on_the_terminal_of_errors_is_known(terminal: Terminal) -> None:
    for shared in (True, False):
        command = RunCommand(stdout=terminal if shared else StringIO(), stderr=terminal)
        with (
            redirect_stderr(terminal),
            command.progress(read_file, {"verbosity": 1, "verbose": False, "json": False}) as progress,
        ):
            progress.logged("gh: no road to gh")
        assert progress.seen == ({"gh: no road to gh"} if shared else set())


def test_an_error_that_was_seen_is_not_said_again() -> None:
    outcome = Outcome.of(
        Run(status="failed", error="gh: no road; kimai: too late", counts={"processed": 2, "failed": 2})
    )
    assert _complaint(outcome, named=False, seen={"gh: no road", "kimai: too late"}).startswith("no step succeeded (")
    assert _complaint(outcome, named=False, seen={"gh: no road"}).startswith("gh: no road; kimai: too late (")


def test_a_step_that_failed_has_one_line() -> None:
    lines: list[str] = []
    progress = ConsoleProgress(lines.append, verbose=True)
    progress.changed([Change("failed", "gh", "gh: no road", reason="step_failed"), Change("failed", "1", "Alien")])
    assert lines == ["failed Alien"]
