"""An operation's params as command line arguments. argparse only collects the texts; pydantic validates them."""

import argparse
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, Union, get_args, get_origin
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from pydantic.fields import FieldInfo

from upkeep.operations.files import InputFile
from upkeep.operations.params import Params, Positional

USAGE_EXIT_CODE = 2


class OperationParser(CommandParser):
    """Tells what is wrong with the command line in one line."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2, or raise CommandError within `call_command`."""
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            close = get_close_matches(unknown.split("=")[0].split()[0], self._option_string_actions, n=1)
            message = f"unknown argument {unknown}" + (f": did you mean {close[0]}?" if close else "")
        if not self.called_from_command_line:
            raise CommandError(message, returncode=USAGE_EXIT_CODE)
        self.exit(USAGE_EXIT_CODE, f"CommandError: {message}\n")


def add_params(parser: CommandParser, params_type: type[Params]) -> None:
    """Add an argument for every field; an argument that is not given is absent from the namespace."""
    for name, field in params_type.model_fields.items():
        help_text = (field.description or "").replace("%", "%%")
        options: dict[str, Any] = {"help": help_text, **_action(name, field)}
        if any(isinstance(mark, Positional) or mark is Positional for mark in field.metadata):
            if options.pop("action", None) == "append":
                options["nargs"] = "+" if field.is_required() else "*"
            elif not field.is_required():
                options["nargs"] = "?"
            parser.add_argument(name, default=argparse.SUPPRESS, **options)
        else:
            options["help"] += _default_told(field)
            parser.add_argument(
                flag(name), dest=name, default=argparse.SUPPRESS, required=field.is_required(), **options
            )


def parsed(params_type: type[Params], options: dict[str, Any]) -> Params:
    """The validated params among a command's options. Raises OperationError, or InvalidParamsError."""
    values = {name: options[name] for name in params_type.model_fields if name in options}
    for name, field in params_type.model_fields.items():
        if InputFile in _alternatives(field) and isinstance(values.get(name), str):
            values[name] = InputFile.at(values[name])
    return params_type.parse(values, spell=lambda name: _spelt(params_type, name))


def run_id(text: str) -> UUID:
    """The id of a run, for argparse."""
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a run") from None


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
    if any(get_origin(kind) in (list, tuple) for kind in types):
        return {"action": "append", "metavar": name.upper()}
    choices = [choice for kind in types if get_origin(kind) is Literal for choice in get_args(kind)]
    if choices:
        return {"choices": choices}
    return {"metavar": "N" if int in types else "FILE" if InputFile in types else name.upper()}


def _alternatives(field: FieldInfo) -> list[Any]:
    annotation = field.annotation
    if get_origin(annotation) in (Union, UnionType):
        return [kind for kind in (_plain(kind) for kind in get_args(annotation)) if kind is not NoneType]
    return [_plain(annotation)]


def _plain(annotation: Any) -> Any:
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation


def _default_told(field: FieldInfo) -> str:
    default = field.default
    return (
        "" if field.is_required() or default is None or default is False or default == "" else f" Default: {default}."
    )
