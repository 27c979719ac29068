from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

import pytest
from django.core.management.base import CommandParser
from pydantic import Field, NonNegativeFloat, PositiveInt, StringConstraints, conint

from upkeep.operations.params import Params, Positional
from upkeep.operations.terminal import usage
from upkeep.operations.terminal.arguments import add_params


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Everything(Params):
    limit: PositiveInt | None = None
    """At most this many."""
    days: Annotated[int, Field(ge=0, le=365)] = 30
    """Days."""
    below: conint(lt=10) = 0  # type: ignore[valid-type]
    """A digit."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share."""
    price: Annotated[Decimal, Field(gt=0)] | None = None
    """Price."""
    hours: NonNegativeFloat = 1.5
    """Hours."""
    code: Annotated[str, StringConstraints(min_length=2, max_length=8)] = "demo"
    """Code."""
    delimiter: Annotated[str, Field(max_length=1)] = ","
    """Between two cells."""
    greeting: str = "good day"
    """Text."""
    ids: list[PositiveInt] = Field(default_factory=lambda: [1, 2])
    """Ids."""
    tags: tuple[str, ...] = ()
    """Tags."""
    tidy: bool = True
    """Tidy up."""
    force: bool = False
    """Force it."""
    mode: Literal["fast", "slow"] = "fast"
    """How."""
    colour: Colour = Colour.BLUE
    """Which."""
    colours: list[Colour] = []
    """Which."""
    encoding: str = "utf-8"
    """Default: what the file says."""
    percent: int = 100
    """Of 100 %."""
    number: Annotated[int, Positional(), Field(ge=1)] = 7
    """Which one."""


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    """The help of each parameter, by the name or the option that begins it."""
    parser = CommandParser(prog="manage.py do_it")
    add_params(parser, Everything)
    width_of_all = parser._get_formatter()
    width_of_all._width = 1_000
    return {
        action.option_strings[0] if action.option_strings else action.dest: width_of_all._expand_help(action)
        for action in parser._actions
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("--limit", "At most this many. Minimum: 1."),
        ("--days", "Days. Range: 0 to 365. Default: 30."),
        ("--below", "A digit. Maximum: 9. Default: 0."),
        ("--share", "Share. Above: 0. Below: 1. Default: 0.5."),
        ("--price", "Price. Above: 0."),
        ("--hours", "Hours. Minimum: 0. Default: 1.5."),
        ("--code", "Code. Length: 2 to 8. Default: demo."),
        ("--delimiter", "Between two cells. Maximum length: 1. Default: ','."),
        ("--greeting", "Text. Default: 'good day'."),
        ("--ids", "Ids. Minimum: 1. Default: 1, 2."),
        ("--tags", "Tags."),
        ("--tidy", "Tidy up. Default: --tidy."),
        ("--force", "Force it."),
        ("--mode", "How. Default: fast."),
        ("--colour", "Which. Default: blue."),
        ("--encoding", "Default: what the file says."),
        ("--percent", "Of 100 %. Default: 100."),
        ("number", "Which one. Minimum: 1. Default: 7."),
    ],
)
def test_a_parameter_s_help_says_which_values_it_takes_and_its_default(
    shown: dict[str, str], name: str, told: str
) -> None:
    assert shown[name] == told


@pytest.mark.parametrize("option", ["--mode {fast,slow}", "--colour {red,blue}", "--colours {red,blue}"])
def test_the_few_values_of_a_parameter_are_all_listed(option: str) -> None:
    parser = CommandParser()
    add_params(parser, Everything)
    assert option in parser.format_help()


def test_the_paragraphs_of_a_description_stay_paragraphs_and_an_indented_one_stays_as_it_is() -> None:
    description = "Do it.\n\nWhat follows is\none paragraph.\n\n    a   table\n    as it is"
    parser = CommandParser(description=description, formatter_class=usage.UsageFormatter)
    assert "\n\nDo it.\n\nWhat follows is one paragraph.\n\n    a   table\n    as it is\n\n" in parser.format_help()


def test_an_example_is_shown_as_it_is_typed_with_what_it_does_below() -> None:
    meaning = "Say what it does at such a length that this does not fit into one line of a terminal."
    assert usage.of_examples("manage.py do_it", [("", "Do it."), ("--limit 3", meaning)]) == (
        "examples:\n"
        "  manage.py do_it\n"
        "      Do it.\n"
        "  manage.py do_it --limit 3\n"
        "      Say what it does at such a length that this does not fit into one line\n"
        "      of a terminal."
    )
    assert usage.of_examples("manage.py do_it", []) == ""
