"""An operation's params as command line arguments. argparse only collects the texts; pydantic validates them."""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta
from difflib import get_close_matches
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from pydantic.fields import FieldInfo

from upkeep.operations.files import InputFile, OutputFile
from upkeep.operations.limits import Limits, RunLimits
from upkeep.operations.params import Params, Positional
from upkeep.operations.terminal import usage
from upkeep.operations.terminal.escaping import plain

P = TypeVar("P", bound=Params)
USAGE_EXIT_CODE = 2
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class OperationParser(CommandParser):
    """Reports what is wrong with the command line in one line."""

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and keep what was given: argparse names a missing option before a misspelt one, often the same."""
        self._given = sys.argv[1:] if args is None else [*args]
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2, or raise CommandError within `call_command`."""
        if message.startswith("the following arguments are required: "):
            message = next(
                (f"unrecognized arguments: {text}" for text in self._given if self._is_misspelt(text)), message
            )
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            close = self._close(unknown.split("=")[0].split()[0])
            message = f"unknown argument {unknown}" + (f": did you mean {close[0]}?" if close else "")
        if not self.called_from_command_line:
            raise CommandError(message, returncode=USAGE_EXIT_CODE)
        self.exit(USAGE_EXIT_CODE, f"CommandError: {plain(message)}\n")

    def _is_misspelt(self, text: str) -> bool:
        option = text.split("=", maxsplit=1)[0]
        return text.startswith("--") and option not in self._option_string_actions and bool(self._close(option))

    def _close(self, option: str) -> list[str]:
        names = {known.lstrip("-"): known for known in self._option_string_actions if known.startswith("--")}
        return [names[close] for close in get_close_matches(option.lstrip("-"), names, n=1)]


def add_params(parser: argparse._ActionsContainer, params_type: type[Params]) -> None:
    """Add an argument for every field; an argument that is not given is absent from the namespace."""
    for name, field in params_type.model_fields.items():
        help_text = usage.of_parameter(field, flag=flag(name)).replace("%", "%%")
        options: dict[str, Any] = {"help": help_text, **_action(name, field)}
        if any(isinstance(mark, Positional) or mark is Positional for mark in field.metadata):
            if options.pop("action", None) == "append":
                options["nargs"] = "+" if field.is_required() else "*"
            elif not field.is_required():
                options["nargs"] = "?"
            parser.add_argument(name, default=argparse.SUPPRESS, **options)
        else:
            parser.add_argument(
                flag(name), dest=name, default=argparse.SUPPRESS, required=field.is_required(), **options
            )


def add_limits(parser: CommandParser, declared: object = None) -> None:
    """Add the limits that a run may be given, in a group of the help that says which are `declared`."""
    default = f" Default: {'; '.join(declared.lines())}." if isinstance(declared, Limits) else ""
    text = f"The run fails before it exceeds one (limit_exceeded); what is committed stays.{default}"
    add_params(parser.add_argument_group("limits of this run", text), RunLimits)


def parsed(params_type: type[P], options: dict[str, Any], *, read: Callable[[str], InputFile] = InputFile.at) -> P:
    """The validated params among a command's options. Raises OperationError, or InvalidParamsError."""
    values = {name: options[name] for name in params_type.model_fields if name in options}
    for name, field in params_type.model_fields.items():
        if isinstance(values.get(name), str):
            if InputFile in _alternatives(field):
                values[name] = read(values[name])
            elif OutputFile in _alternatives(field):
                values[name] = OutputFile.at(values[name])
    return params_type.parse(values, spell=lambda name: _spelt(params_type, name))


def run_id(text: str) -> UUID | str:
    """The id of a run, or its first digits, at least 8, for argparse."""
    digits = text.replace("-", "").lower()
    if not re.fullmatch("[0-9a-f]{8,32}", digits):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a run, nor its first 8 digits")
    return UUID(digits) if len(digits) == len(UUID(int=0).hex) else digits


def positive(text: str) -> int:
    """A whole number above 0, for argparse."""
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 999999999")
    return int(text)


def moment(text: str) -> datetime:
    """A time as people write it, for argparse: `90m`, `12h`, `7d`, `2w` ago, a date, or a date and time.

    A time without a zone is in that of the settings.
    """
    if ago := re.fullmatch("([0-9]{1,4})([mhdw])", text):
        return timezone.now() - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        found = parse_datetime(text)
        day = None if found else parse_date(text)
        found = datetime.combine(day, time.min) if day else found
        if found:
            return found if timezone.is_aware(found) else timezone.make_aware(found)
    except (OverflowError, ValueError):  # a day that is none, and years at the edge of the calendar
        pass
    wanted = "90m, 12h, 7d, 2w, 2026-11-27 or 2026-11-27T06:30"
    raise argparse.ArgumentTypeError(f"{text!r} is not a time: write {wanted}")


def flag(name: str) -> str:
    """The option of a field: `recheck_after` is `--recheck-after`."""
    return "--" + name.replace("_", "-")


def _spelt(params_type: type[Params], name: str) -> str:
    field = params_type.model_fields.get(name)
    positional = field and any(isinstance(mark, Positional) or mark is Positional for mark in field.metadata)
    return name.upper() if positional else flag(name)


def _action(name: str, field: FieldInfo) -> dict[str, Any]:
    types = _alternatives(field)
    if bool in types:
        return {"action": argparse.BooleanOptionalAction if field.default else "store_true"}
    items = [_plain(item) for kind in types if get_origin(kind) in (list, tuple) for item in get_args(kind)]
    repeated = {"action": "append"} if items else {}
    if choices := [choice for kind in items or types for choice in _choices(kind)]:
        return {**repeated, "choices": choices}
    if items:
        return {**repeated, "metavar": name.upper()}
    return {"metavar": "N" if int in types else "FILE" if {InputFile, OutputFile} & {*types} else name.upper()}


def _choices(kind: Any) -> Iterator[str]:
    """The values of a type that has only a few, as they are typed."""
    if get_origin(kind) is Literal:
        yield from map(str, get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(member.value) for member in kind)


def _alternatives(field: FieldInfo) -> list[Any]:
    annotation = field.annotation
    if get_origin(annotation) in (Union, UnionType):
        return [kind for kind in (_plain(kind) for kind in get_args(annotation)) if kind is not NoneType]
    return [_plain(annotation)]


def _plain(annotation: Any) -> Any:
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation
