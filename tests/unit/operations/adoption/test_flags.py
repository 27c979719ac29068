import argparse
from pathlib import Path
from typing import Any

import pytest
from django.core import management
from django.core.management import CommandError, find_commands, load_command_class
from django.core.management.base import BaseCommand, CommandParser
from hypothesis import assume, given
from hypothesis import strategies as st

from upkeep.operations.adoption import flags, models
from upkeep.operations.adoption.flags import Flags
from upkeep.operations.errors import InvalidParamsError
from upkeep.operations.params import Params


def parser_of(*arguments: tuple[tuple[str, ...], dict[str, Any]]) -> CommandParser:
    """The parser of a command with these arguments."""
    parser = BaseCommand().create_parser("manage.py", "sync")
    parser.called_from_command_line = False
    for names, options in arguments:
        parser.add_argument(*names, **options)
    return parser


def argument(*names: str, **options: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return names, options


def read(*arguments: tuple[tuple[str, ...], dict[str, Any]], **options: Any) -> Flags:
    return flags.read(parser_of(*arguments), **options)


def problems(*arguments: tuple[tuple[str, ...], dict[str, Any]], **options: Any) -> list[str]:
    """Each problem with what to do about it."""
    return [f"{message} {hint}" for message, hint in read(*arguments, **options).problems]


def params_of(found: Flags) -> type[Params]:
    assert found.problems == ()
    return models.params_type("sync", found.fields())


def words(found: Flags, *, dry_run: bool = False, **values: Any) -> list[str]:
    """The command line for these values."""
    params = params_of(found).parse(values)
    return found.arguments(dict(params), dry_run=dry_run)


EVERY_KIND = (
    argument("source", metavar="SOURCE"),
    argument("args", nargs="*", metavar="label"),
    argument("--limit", type=int),
    argument("--ratio", type=float, default=0.5),
    argument("--format", default="json"),
    argument("--mode", choices=["fast", "slow"], default="fast"),
    argument("--path", type=Path),
    argument("--natural-foreign", action="store_true", dest="use_natural_foreign_keys"),
    argument("--no-post-process", action="store_false", dest="post_process"),
    argument("--tidy", action=argparse.BooleanOptionalAction, default=True),
    argument("--loud", action="count", default=0),
    argument("-e", "--exclude", action="append", default=[]),
    argument("-k", dest="patterns", action="append"),
    argument("--pair", nargs=2, type=int),
    argument("--tags", nargs="*"),
    argument("--more", nargs="+", action="extend"),
)
TEXTS = st.text(max_size=4) | st.sampled_from(
    ["-", "--", "-x", "--limit=1", "--settings=evil", "=", "-1", "@file", " "]
)
NUMBERS = st.integers(-9, 9)
VALUES = st.fixed_dictionaries(
    {"source": TEXTS},
    optional={
        "label": st.lists(TEXTS, max_size=3),
        "limit": NUMBERS,
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "format": TEXTS,
        "mode": st.sampled_from(["fast", "slow"]),
        "path": TEXTS,
        "natural_foreign": st.booleans(),
        "no_post_process": st.booleans(),
        "tidy": st.booleans(),
        "loud": st.integers(0, 3),
        "exclude": st.lists(TEXTS, max_size=3),
        "patterns": st.lists(TEXTS, max_size=3),
        "pair": st.lists(NUMBERS, min_size=2, max_size=2),
        "tags": st.lists(TEXTS, max_size=3),
        "more": st.lists(TEXTS, min_size=1, max_size=3),
    },
)


@given(VALUES)
def test_what_is_accepted_arrives_in_the_command_and_nothing_else_does(values: dict[str, Any]) -> None:
    found = read(*EVERY_KIND)
    try:
        line = words(found, **values)
    except ValueError:
        assume(False)  # noqa: FBT003 - hypothesis's signature
    got = vars(parser_of(*EVERY_KIND).parse_args(line))
    expected = {
        **vars(parser_of(*EVERY_KIND).parse_args(["--", ""])),
        "source": values["source"],
        "args": values.get("label", []),
        "limit": values.get("limit"),
        "ratio": values.get("ratio", 0.5),
        "format": values.get("format", "json"),
        "mode": values.get("mode", "fast"),
        "path": Path(values["path"]) if "path" in values else None,
        "use_natural_foreign_keys": values.get("natural_foreign", False),
        "post_process": not values.get("no_post_process", False),
        "tidy": values.get("tidy", True),
        "loud": values.get("loud", 0),
        "exclude": values.get("exclude", []),
        "patterns": values.get("patterns") or None,
        "pair": values.get("pair"),
        "tags": values.get("tags") or None,
        "more": values.get("more"),
    }
    assert got == expected


@pytest.mark.parametrize("text", ["--limit=1", "-x"])
def test_a_value_that_the_command_would_read_as_an_option_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="would be read as an option"):
        words(read(argument("--tags", nargs="*")), tags=["a", text])


def test_an_option_is_called_as_people_write_it_whatever_the_command_calls_it_inside() -> None:
    found = read(argument("--natural-foreign", action="store_true", dest="use_natural_foreign_keys"))
    assert words(found, natural_foreign=True) == ["--natural-foreign"]


def test_a_positional_argument_whose_name_is_taken_is_called_as_help_shows_it() -> None:
    found = read(argument("args", nargs="*", metavar="app_label[.ModelName]"))
    assert words(found, app_label=["auth", "sites.Site"]) == ["--", "auth", "sites.Site"]


def test_a_later_positional_argument_wants_the_earlier_ones() -> None:
    found = read(argument("app", nargs="?"), argument("migration", nargs="?"))
    assert words(found, app="auth", migration="0001") == ["--", "auth", "0001"]
    with pytest.raises(ValueError, match="migration comes after app on the command line"):
        words(found, migration="0001")


def test_defaults_and_types_and_help_are_those_of_the_command() -> None:
    found = read(
        argument("--limit", type=int, default=7, help="At most %(default)s of 100%%."),
        argument("--step", type=int, choices=[1, 2]),
        argument("--mode", choices=["fast", "slow"], default="fast"),
        argument("--name", required=True),
    )
    params = params_of(found)
    assert params.parse({"name": "x"}).model_dump() == {"limit": 7, "step": None, "mode": "fast", "name": "x"}
    assert params.model_fields["limit"].description == "At most 7 of 100%."
    assert params.model_fields["step"].description == "One of 1, 2."
    with pytest.raises(InvalidParamsError, match="mode should be 'fast' or 'slow', not 'quick'"):
        params.parse({"name": "x", "mode": "quick"})
    with pytest.raises(InvalidParamsError, match="name is required"):
        params.parse({})


def test_what_django_gives_every_command_is_no_parameter() -> None:
    assert read().flags == ()


def test_the_command_is_never_asked_whether_to_ask() -> None:
    found = read(argument("--noinput", "--no-input", action="store_false", dest="interactive"))
    assert words(found) == ["--noinput"]
    assert params_of(found).model_fields == {}


def test_the_flag_of_a_dry_run_is_given_at_a_dry_run_alone() -> None:
    found = read(argument("-n", "--dry-run", action="store_true"), dry_run="--dry-run")
    assert words(found, dry_run=True) == ["--dry-run"]
    assert words(found) == []


class Custom(argparse.Action):
    """Does what it likes."""


def subparsers() -> CommandParser:
    parser = parser_of()
    parser.add_subparsers(dest="verb").add_parser("add")
    return parser


INEXPRESSIBLE = "is an argument that parameters cannot express."


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("--json", {}, "has a name that is taken at every operation. Leave it out: exclude=['--json']."),
        ("--model-dump", {}, "has a name that is taken at every operation. Leave it out: exclude=['--model-dump']."),
        ("--out", {"type": argparse.FileType("w")}, f"{INEXPRESSIBLE} Leave it out: exclude=['--out']."),
        ("--x", {"action": Custom}, f"{INEXPRESSIBLE} Leave it out: exclude=['--x']."),
        ("--x", {"nargs": "?"}, f"{INEXPRESSIBLE} Leave it out: exclude=['--x']."),
        ("--x", {"nargs": 2, "action": "append"}, f"{INEXPRESSIBLE} Leave it out: exclude=['--x']."),
        ("rest", {"nargs": "..."}, f"{INEXPRESSIBLE} Leave it out: exclude=['rest']."),
        ("x", {"action": Custom}, f"{INEXPRESSIBLE} Declare an operation of your own that calls it."),
        (
            "--api-key",
            {},
            "looks like a secret, and parameters are recorded. Leave it out: exclude=['--api-key'].",
        ),
        (
            "--dry-run",
            {"action": "store_true"},
            "is not declared as its dry run. Adopt it with dry_run='--dry-run'.",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:FileType is deprecated")
def test_what_params_cannot_express_is_refused_by_name(name: str, options: dict[str, Any], problem: str) -> None:
    assert problems(argument(name, **options)) == [f"its {name} {problem}"]


def test_a_command_of_commands_is_refused() -> None:
    [problem] = flags.read(subparsers()).problems
    assert problem.message == "its verb is an argument that parameters cannot express."


def test_two_arguments_of_one_name_are_refused() -> None:
    assert problems(argument("label"), argument("--label")) == [
        "its --label has the same name, 'label', as its label. Leave it out: exclude=['--label']."
    ]


def test_a_switch_about_secrets_is_no_secret() -> None:
    assert problems(argument("--keep-token", action="store_true")) == []


def test_what_is_excluded_is_no_parameter_and_no_problem() -> None:
    found = read(argument("--token"), argument("--limit", type=int), exclude=["--token"])
    assert [flag.name for flag in found.flags] == ["limit"]
    assert found.problems == ()


def test_names_that_are_not_there_get_the_nearest_one() -> None:
    arguments = (argument("--limit"), argument("name"), argument("--dry", action="store_true"))
    assert problems(*arguments, exclude=["--limits", "name"], dry_run="--dri") == [
        "it has no flag '--dri' (did you mean '--dry'?). Name the flag of its dry run.",
        "it has no argument '--limits' (did you mean '--limit'?). Take '--limits' out of `exclude`.",
        "its name is required. Take 'name' out of `exclude`.",
    ]


def test_a_parser_still_judges_what_a_type_cannot() -> None:
    parser = parser_of()
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--one", action="store_true")
    group.add_argument("--two", action="store_true")
    found = flags.read(parser)
    assert parser.parse_args(words(found, one=True)).one
    with pytest.raises(CommandError, match="not allowed with"):
        parser.parse_args(words(found, one=True, two=True))


DRY = "its --dry-run is not declared as its dry run."
UNADOPTABLE = {
    "createcachetable": [DRY],
    "makemessages": [f"its --add-location {INEXPRESSIBLE}"],
    "makemigrations": [DRY],
    "startapp": ["its --name has the same name, 'name', as its name.", f"its --exclude {INEXPRESSIBLE}"],
    "startproject": ["its --name has the same name, 'name', as its name.", f"its --exclude {INEXPRESSIBLE}"],
    "test": [f"its --shuffle {INEXPRESSIBLE}", f"its --parallel {INEXPRESSIBLE}"],
}


def test_of_each_of_django_s_commands_it_is_known_whether_it_can_be_adopted() -> None:
    found = {}
    for name in find_commands(management.__path__[0]):
        parser = load_command_class("django.core", name).create_parser("manage.py", name)
        found[name] = [problem.message for problem in flags.read(parser).problems]
    assert len(found) > len(UNADOPTABLE)
    assert {name: said for name, said in found.items() if said} == UNADOPTABLE
