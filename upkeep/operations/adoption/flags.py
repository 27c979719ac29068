"""The arguments of a management command as parameters, and parameters as its arguments again."""

import argparse
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Literal, NamedTuple

from django.core.management.base import BaseCommand, CommandParser
from pydantic import Field, FiniteFloat
from pydantic.fields import FieldInfo

from upkeep.operations.adoption.secrecy import is_secret
from upkeep.operations.params import RESERVED_NAMES, Params, Positional

KINDS = {
    "_StoreAction": "single",
    "_StoreTrueAction": "switch",
    "_StoreFalseAction": "switch",
    "_StoreConstAction": "switch",
    "_AppendConstAction": "switch",
    "BooleanOptionalAction": "toggle",
    "_CountAction": "count",
    "_AppendAction": "repeated",
    "_ExtendAction": "several",
}
"""What an option is to params, by its argparse action."""
INTERACTIVE = "interactive"
"""Where Django's commands keep whether they may ask: `--no-input` unsets it."""
VALUED = ("single", "repeated", "several")
MAX_CHOICES = 50
"""More of them are left to the command's own parser."""


class Problem(NamedTuple):
    """What keeps a command from being adopted, and what to do about it."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Flag:
    """An argument of a command that is a parameter of its operation."""

    name: str
    """The parameter's: `natural_foreign` for `--natural-foreign`."""
    option: str
    """As it is written on a command line; empty for a positional argument."""
    kind: str
    """`switch`, `toggle`, `count`, `single`, `repeated` (once for each value) or `several` (once, with all values)."""
    annotation: Any
    field: FieldInfo

    def words(self, value: Any) -> list[str]:
        """The value as words of the command line. Raises ValueError for one that would be read as an option."""
        if value is None or (self.option and value == self.field.default):
            return []
        if self.kind == "switch":
            return [self.option]
        if self.kind == "toggle":
            return [self.option if value else self.option.replace("--", "--no-", 1)]
        if self.kind == "count":
            return [self.option] * value
        values = [str(part) for part in value] if isinstance(value, (list, tuple)) else [str(value)]
        for part in values:
            if part == "--" or (self.option and self.kind == "several" and part.startswith("-")):
                raise ValueError(f"{part!r} would be read as an option of the command")
        if self.option and self.kind != "several":
            return [f"{self.option}={part}" for part in values]
        return [self.option, *values] if self.option else values


@dataclass(frozen=True, slots=True)
class Flags:
    """All arguments of a command, as far as they are to be given."""

    flags: tuple[Flag, ...]
    always: tuple[str, ...]
    """What is given at every run: `--no-input`."""
    dry_run: tuple[str, ...]
    """What is given at a dry run."""
    problems: tuple[Problem, ...]

    def arguments(self, values: Mapping[str, Any], *, dry_run: bool) -> list[str]:
        """The command line, without the command's name. Raises ValueError when it cannot be expressed."""
        words = [*self.always, *(self.dry_run if dry_run else ())]
        positionals: list[str] = []
        missing = ""
        for flag in self.flags:
            given = flag.words(values[flag.name])
            if flag.option:
                words += given
            elif given and missing:
                raise ValueError(f"{flag.name} comes after {missing} on the command line, so it requires that one, too")
            else:
                missing = missing or ("" if given else flag.name)
                positionals += given
        return [*words, "--", *positionals] if positionals else words

    def fields(self) -> dict[str, Any]:
        """For pydantic's `create_model`."""
        return {flag.name: (flag.annotation, flag.field) for flag in self.flags}


def read(parser: CommandParser, *, exclude: Collection[str] = (), dry_run: str = "") -> Flags:
    """The arguments of a command's parser, but for Django's own and those to `exclude`, by their names or options."""
    actions = list(_own_actions(parser))
    flags: dict[str, Flag] = {}
    always, dry = list[str](), list[str]()
    problems = list(_misnamed(actions, exclude, dry_run))
    for action in actions:
        if not _names(action).isdisjoint(exclude):
            continue
        if dry_run in action.option_strings and _kind(action) == "switch":
            dry.append(dry_run)
        elif action.dest == INTERACTIVE and _kind(action) == "switch":
            always.append(action.option_strings[0])
        elif problem := _problem(action, flags):
            problems.append(problem)
        else:
            flag = _flag(action)
            flags[flag.name] = flag
    return Flags(tuple(flags.values()), tuple(always), tuple(dry), tuple(problems))


def asks(parser: CommandParser) -> bool:
    """Whether the command asks before it does something, as its option `--no-input` says."""
    return any(action.dest == INTERACTIVE for action in _own_actions(parser))


def _misnamed(actions: Collection[argparse.Action], exclude: Collection[str], dry_run: str) -> Iterator[Problem]:
    """What is said of arguments that are not there, or cannot be excluded."""
    switches = {option for action in actions if _kind(action) == "switch" for option in action.option_strings}
    if dry_run and dry_run not in switches:
        yield Problem(f"it has no flag {dry_run!r}{_meant(dry_run, switches)}.", "Name the flag of its dry run.")
    names = {name: action for action in actions for name in _names(action)}
    for name in exclude:
        if name not in names:
            yield Problem(f"it has no argument {name!r}{_meant(name, names)}.", f"Take {name!r} out of `exclude`.")
        elif _is_required(names[name]):
            yield Problem(f"its {name} is required.", f"Take {name!r} out of `exclude`.")


def _names(action: argparse.Action) -> set[str]:
    return {action.dest, *action.option_strings}


def _own_actions(parser: CommandParser) -> Iterator[argparse.Action]:
    """Its arguments, without those that all commands have."""
    common = {action.dest for action in BaseCommand().create_parser("", "")._actions}  # noqa: SLF001 - told nowhere else
    return (action for action in parser._actions if action.dest not in common)  # noqa: SLF001


def _problem(action: argparse.Action, flags: Mapping[str, Flag]) -> Problem | None:
    """Why an argument cannot be a parameter, and what to do about it."""
    shown = _shown(action)
    if "dry_run" in (_name(action), action.dest) and _kind(action) == "switch":
        return Problem(f"its {shown} is not declared as its dry run.", f"Adopt it with dry_run={shown!r}.")
    if not (objection := _objection(action, flags)):
        return None
    if _is_required(action):
        return Problem(f"its {shown} {objection}.", "Declare an operation of your own that calls it.")
    return Problem(f"its {shown} {objection}.", f"Leave it out: exclude=[{shown!r}].")


def _objection(action: argparse.Action, flags: Mapping[str, Flag]) -> str:
    """Why an argument cannot be a parameter; empty when it can."""
    name, kind = _name(action), _kind(action)
    if name in RESERVED_NAMES or name.startswith("_") or (name.startswith("model_") and hasattr(Params, name)):
        return "has a name that is taken at every operation"
    if name in flags:
        return f"has the same name, {name!r}, as its {flags[name].option or name}"
    if not _is_expressible(action, kind):
        return "is an argument that parameters cannot express"
    if kind in VALUED and is_secret(name):
        return "looks like a secret, and parameters are recorded"
    return ""


def _is_expressible(action: argparse.Action, kind: str) -> bool:
    if not kind or action.nargs in (argparse.REMAINDER, argparse.PARSER) or isinstance(action.type, argparse.FileType):
        return False
    if not action.option_strings:
        return kind == "single"
    return action.nargs != argparse.OPTIONAL and (kind != "repeated" or action.nargs is None)


def _is_required(action: argparse.Action) -> bool:
    return action.required and action.nargs not in (argparse.OPTIONAL, argparse.ZERO_OR_MORE, argparse.REMAINDER)


def _flag(action: argparse.Action) -> Flag:
    kind = _kind(action)
    if kind == "single" and action.nargs is not None and action.nargs != argparse.OPTIONAL:
        kind = "several"
    option = next((text for text in action.option_strings if text.startswith("--")), (*action.option_strings, "")[0])
    annotation, default, limits = _type(action, kind)
    described = Field(default, description=_help(action), **limits)
    if not option:
        annotation = Annotated[annotation, Positional()]
    return Flag(_name(action), option, kind, annotation, described)


def _type(action: argparse.Action, kind: str) -> tuple[Any, Any, dict[str, Any]]:
    """The parameter's type, its default (`...` when it is required) and its limits."""
    if kind == "switch":
        return bool, False, {}
    if kind == "toggle":
        default = action.default if isinstance(action.default, bool) else None
        return (bool, default, {}) if default is not None else (bool | None, None, {})
    if kind == "count":
        return int, 0, {"ge": 0}
    item = _item_type(action)
    if kind in ("repeated", "several"):
        return _several(action, item)
    if _is_required(action):
        return item, ..., {}
    default = _default(action, item)
    return (item | None if default is None else item), default, {}


def _several(action: argparse.Action, item: Any) -> tuple[Any, Any, dict[str, Any]]:
    if isinstance(action.nargs, int):
        limits = {"min_length": action.nargs, "max_length": action.nargs}
    else:
        limits = {"min_length": 1} if action.nargs == argparse.ONE_OR_MORE else {}
    if _is_required(action):
        return tuple[item, ...], ..., limits
    return (tuple[item, ...] | None, None, limits) if limits else (tuple[item, ...], (), {})


def _item_type(action: argparse.Action) -> Any:
    if action.type in (int, float):
        return FiniteFloat if action.type is float else int
    choices = list(islice(action.choices or (), MAX_CHOICES + 1))
    texts = all(isinstance(choice, str) for choice in choices)
    return Literal[tuple(choices)] if 0 < len(choices) <= MAX_CHOICES and texts and action.type in (None, str) else str


def _default(action: argparse.Action, item: Any) -> Any:
    """The command's own default, if a parameter can have it; None: the argument is not given."""
    default = action.default
    if item is str:
        return (
            default
            if isinstance(default, str) and action.type in (None, str) and default != argparse.SUPPRESS
            else None
        )
    if item in (int, FiniteFloat):
        return default if isinstance(default, (int, float)) and not isinstance(default, bool) else None
    return default if default in (action.choices or ()) else None


def _kind(action: argparse.Action) -> str:
    kind = type(action)
    return KINDS.get(kind.__name__, "") if kind.__module__ == "argparse" else ""


def _name(action: argparse.Action) -> str:
    """The parameter's name: of the option as people write it, or of the positional argument as help shows it."""
    option = next((text for text in action.option_strings if text.startswith("--")), "")
    if option:
        return option.removeprefix("--").replace("-", "_")
    if action.option_strings or action.dest not in RESERVED_NAMES:
        return action.dest.replace("-", "_")
    shown = re.match(r"\w+", str(action.metavar or ""))
    return shown[0].lower() if shown else action.dest


def _shown(action: argparse.Action) -> str:
    return next(
        (text for text in action.option_strings if text.startswith("--")), (*action.option_strings, action.dest)[0]
    )


def _help(action: argparse.Action) -> str:
    text = "" if action.help in (None, argparse.SUPPRESS) else str(action.help)
    with suppress(KeyError, TypeError, ValueError):  # a percent sign of its own
        text %= {**vars(action), "prog": "manage.py"}
    choices = list(islice(action.choices or (), MAX_CHOICES))
    if any(not isinstance(choice, str) for choice in choices):
        text += f" One of {', '.join(map(str, choices))}."
    return " ".join(text.split())


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
