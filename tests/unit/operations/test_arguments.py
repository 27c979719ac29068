from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from django.core.management import CommandError
from django.core.management.base import CommandParser
from pydantic import Field, PositiveInt

from upkeep.operations.errors import InvalidParamsError, OperationError
from upkeep.operations.files import InputFile
from upkeep.operations.params import Params, Positional
from upkeep.operations.terminal.arguments import OperationParser, add_params, parsed


class Everything(Params):
    name: Annotated[str, Positional()]
    """Which one."""
    file: Annotated[InputFile | None, Positional()] = None
    """Of 100 % of them."""
    limit: PositiveInt | None = None
    """At most so many."""
    offset: int = -1
    """From there."""
    ratio: float = 0.5
    """Of them."""
    force: bool = False
    """Even so."""
    tidy: bool = True
    """Clean up."""
    mode: Literal["fast", "slow"] = "fast"
    """How."""
    tags: list[str] = Field(default_factory=list)
    """Which."""
    recheck_after: int = 30
    """Days."""


class Several(Params):
    names: Annotated[list[str], Positional()]
    """Which ones."""


class AnyNumber(Params):
    names: Annotated[list[str], Positional()] = []
    """Which ones."""


class Required(Params):
    limit: int
    """How many."""


def options(params_type: type[Params], *arguments: str) -> dict[str, Any]:
    """What argparse makes of them."""
    parser = CommandParser(called_from_command_line=False, allow_abbrev=False)
    parser.__class__ = OperationParser
    add_params(parser, params_type)
    return vars(parser.parse_args(list(arguments)))


def given(*arguments: str) -> Everything:
    """The params of a command line."""
    found = parsed(Everything, options(Everything, *arguments))
    assert isinstance(found, Everything)
    return found


def test_what_is_not_given_is_not_there_so_that_the_model_alone_has_defaults() -> None:
    assert options(Everything, "x") == {"name": "x"}
    assert given("x") == Everything(name="x")


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["--limit", "3"], "limit", 3),
        (["--limit=3"], "limit", 3),
        (["--offset", "-5"], "offset", -5),
        (["--offset=-5"], "offset", -5),
        (["--ratio", "-0.25"], "ratio", -0.25),
        (["--ratio", "1e3"], "ratio", 1000.0),
        (["--force"], "force", True),
        (["--tidy"], "tidy", True),
        (["--no-tidy"], "tidy", False),
        (["--mode", "slow"], "mode", "slow"),
        (["--tags", "a", "--tags", "b"], "tags", ["a", "b"]),
        (["--recheck-after", "0"], "recheck_after", 0),
    ],
)
def test_an_option_becomes_the_value_of_its_field(arguments: list[str], field: str, value: object) -> None:
    assert getattr(given("x", *arguments), field) == value
    assert getattr(given(*arguments, "x"), field) == value


def test_a_positional_may_be_negative() -> None:
    assert given("-5").name == "-5"


def test_a_list_may_be_positional() -> None:
    assert parsed(Several, options(Several, "a", "b")) == Several(names=["a", "b"])
    assert parsed(AnyNumber, options(AnyNumber, "a", "b")) == AnyNumber(names=["a", "b"])
    assert parsed(AnyNumber, options(AnyNumber)) == AnyNumber()


def test_a_path_becomes_a_file_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"")
    file = given("x", str(path)).file
    assert file
    assert (file.name, file.path) == ("a.txt", path)
    assert file.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("path", "told"), [("missing", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, path: str, told: str) -> None:
    with pytest.raises(OperationError, match=told) as caught:
        given("x", str(tmp_path / path))
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--limit", "0"], "--limit should be greater than 0, not '0'"),
        (["--limit", "x"], "--limit should be a valid integer"),
        (["--ratio", "x"], "--ratio should be a valid number"),
        (["--recheck-after", "1.5"], "--recheck-after should be a valid integer"),
    ],
)
def test_a_wrong_value_is_told_by_its_option(arguments: list[str], told: str) -> None:
    with pytest.raises(InvalidParamsError) as caught:
        given("x", *arguments)
    assert str(caught.value).startswith(told)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x", "--limt", "3"], "did you mean --limit?"),
        (["x", "--limt=3"], "did you mean --limit?"),
        (["x", "--lim", "3"], "did you mean --limit?"),
        (["x", "--mode", "often"], "invalid choice: 'often'"),
        (["x", "a", "surplus"], "unknown argument surplus"),
        ([], "required: NAME"),
        (["x", "--limit"], "expected one argument"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError) as caught:
        options(Everything, *arguments)
    assert told in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.returncode == 2


def test_a_required_option_is_asked_for() -> None:
    with pytest.raises(CommandError, match="--limit"):
        options(Required)
    with pytest.raises(CommandError, match="required: --limit"):
        options(Required, "--unlike-any", "3")


@pytest.mark.parametrize("arguments", [["--limt", "3"], ["--limt=3"]])
def test_a_required_option_that_is_misspelt_is_told_the_right_one(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=f"^unknown argument {arguments[0]}: did you mean --limit\\?$"):
        options(Required, *arguments)


def test_help_is_the_docstrings_and_the_defaults() -> None:
    parser = CommandParser()
    add_params(parser, Everything)
    told = " ".join(parser.format_help().split())
    assert "--limit N At most so many." in told
    assert "Of 100 % of them." in told
    assert "Days. Default: 30." in told
    assert "--mode {fast,slow} How. Default: fast." in told
