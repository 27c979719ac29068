import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.operations.plans import Change
from upkeep.operations.terminal.console import described, plain


@given(st.text())
def test_what_is_told_holds_nothing_that_a_terminal_would_obey(text: str) -> None:
    assert plain(text).isprintable()


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


def test_several_fields_have_a_line_each() -> None:
    change = Change("updated", "1", "Alien", {"budget": (None, 11_000_000), "tagline": ("", "In space")})
    assert described(change).splitlines() == [
        "updated Alien",
        "    budget: None → 11000000",
        "    tagline: '' → 'In space'",
    ]
