import json
import logging
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from upkeep.operations.errors import OperationError
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.plans import Change
from upkeep.operations.storable import storable_json
from upkeep.operations.terminal.base import TolerantCommand
from upkeep.operations.terminal.console import described, summary
from upkeep.operations.terminal.escaping import PlainFormatter, plain, plain_json, plain_lines


@given(st.text())
def test_what_is_told_holds_nothing_that_a_terminal_would_obey(text: str) -> None:
    assert plain(text).isprintable()


@given(st.text())
def test_lines_hold_nothing_but_line_feeds_that_a_terminal_would_obey(text: str) -> None:
    shown = plain_lines(text)
    assert all(line.isprintable() for line in shown.split("\n"))
    assert shown.count("\n") == text.count("\n")


@given(
    st.recursive(st.text() | st.none() | st.integers(), lambda part: st.lists(part) | st.dictionaries(st.text(), part))
)
def test_json_means_the_same_and_holds_nothing_that_a_terminal_would_obey(value: object) -> None:
    shown = plain_json(value)
    assert json.loads(shown) == value
    assert all(line.isprintable() for line in shown.split("\n"))


def test_json_keeps_letters_as_they_are() -> None:
    assert plain_json("Größe 青木 \u202e\x9b\U000e0001") == '"Größe 青木 \\u202e\\u009b\\udb40\\udc01"'


def test_a_command_writes_nothing_that_a_terminal_would_obey() -> None:
    class Command(TolerantCommand):
        def handle(self, *_args: object, **_options: object) -> None:
            self.stdout.write("a \x1b[2J\u202e\u2028b\nc")
            self.stderr.write("\x9b[31mred")
            raise OperationError("no \nroad \x07")

    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match=r"^no \\nroad \\x07$"):
        call_command(Command(), stdout=out, stderr=err, skip_checks=True)
    assert (out.getvalue(), err.getvalue()) == ("a \\x1b[2J\\u202e\\u2028b\nc\n", "\\x9b[31mred\n")


def test_a_log_line_is_one_line_and_a_traceback_is_escaped_whatever_formats_it() -> None:
    error = ValueError("\x1b[2J")
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%s failed", ("gh\n\u202e",), (ValueError, error, None))
    for formatter in (PlainFormatter("%(message)s"), PlainFormatter(inner=logging.Formatter("%(message)s"))):
        head, *traceback = formatter.format(record).split("\n")
        assert head == "gh\\n\\u202e failed"
        assert traceback[-1] == "ValueError: \\x1b[2J"
    assert (record.args, record.exc_text) == (("gh\n\u202e",), None)


def test_ordinary_text_is_told_as_it_is() -> None:
    assert plain("Amélie, 青木 🎬") == "Amélie, 青木 🎬"


@pytest.mark.parametrize("part", ["label", "reason", "fields"])
def test_a_change_cannot_clear_the_screen(part: str) -> None:
    hostile = "\x1b[2J"
    change = Change(
        "failed",
        "1",
        hostile if part == "label" else "Alien",
        {"name": (hostile, "")} if part == "fields" else {},
        reason=hostile if part == "reason" else "",
    )
    assert "\x1b" not in described(change)


def test_one_field_is_told_on_the_line_of_its_item() -> None:
    change = Change("updated", "1", "Alien", {"uk_certification": (" 18 ", "18")})
    assert described(change) == "updated Alien: uk_certification: ' 18 ' → '18'"


def test_a_value_is_shown_as_it_is_recorded() -> None:
    change = Change(
        "updated", "1", "Alien", {"seen_at": (None, datetime(2026, 11, 27, 23, 47, 41, 599172, tzinfo=UTC))}
    )
    shown = described(change)
    assert shown == "updated Alien: seen_at: None → '2026-11-27T23:47:41.599Z'"
    assert shown == described(change._replace(fields=storable_json(change.fields)))


def test_several_fields_have_a_line_each() -> None:
    change = Change("updated", "1", "Alien", {"budget": (None, 11_000_000), "tagline": ("", "In space")})
    assert described(change).splitlines() == [
        "updated Alien",
        "    budget: None → 11000000",
        "    tagline: '' → 'In space'",
    ]


@pytest.mark.parametrize(
    ("status", "failed", "processed", "first"),
    [
        ("succeeded", 0, 60, "goods.sync succeeded"),
        ("succeeded", 3, 60, "goods.sync succeeded, but 3 of 60 items failed"),
        ("succeeded", 60, 60, "goods.sync succeeded, but all 60 items failed"),
        ("succeeded", 1, 1, "goods.sync succeeded, but its only item failed"),
        ("failed", 3, 60, "goods.sync failed"),
    ],
)
def test_the_first_line_of_a_run_that_finished_says_how_many_items_failed(
    status: str, failed: int, processed: int, first: str
) -> None:
    run = Run(operation="goods.sync", status=status, counts={"processed": processed, "failed": failed})
    assert summary(Outcome.of(run))[0] == first
