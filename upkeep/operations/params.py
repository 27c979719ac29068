"""The parameters of an operation: one frozen pydantic model, the only validator there is."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, SecretBytes, SecretStr, ValidationError

from upkeep.operations.errors import InvalidParamsError
from upkeep.validation import explained

RESERVED_NAMES = frozenset(
    {
        "args",
        "as",
        "as_user",
        "confirm",
        "dry_run",
        "enqueue",
        "force_color",
        "help",
        "json",
        "no_color",
        "no_input",
        "partitions",
    }
    | {
        "pythonpath",
        "settings",
        "skip_checks",
        "stderr",
        "stdout",
        "sync",
        "traceback",
        "verbose",
        "verbosity",
        "version",
        "wait",
    }
)
"""Names that say how to run, not what; Django's commands and ours have them already."""


HOW = ("dry_run", "confirm", "partitions")
"""Those of these names that are accepted among values from outside."""


class Positional:
    """Marks a field as a positional argument of the command: `Annotated[str, Positional()]`."""


class Params(BaseModel):
    """The parameters of an operation. Attribute docstrings are the help of each field; defaults live here alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def parse(cls, values: Mapping[str, Any], spell: Callable[[str], str] = str) -> Self:
        """The validated params; `spell` turns a field's name into what the user typed, such as `--limit`.

        Raises:
            InvalidParamsError: in one line, everything that is wrong.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise InvalidParamsError(explained(error, cls, also=HOW, spell=spell)) from None


def problems(params_type: type[Params]) -> Iterator[tuple[str, str]]:
    """What keeps an operation from having these parameters, and what to do about it: a line each."""
    for name, field in params_type.model_fields.items():
        if name in RESERVED_NAMES:
            yield f"parameter {name!r} has a name that is reserved for the command line.", "Choose another name."
        if any(secret.__name__ in repr(field.annotation) for secret in (SecretStr, SecretBytes)):
            yield f"parameter {name!r} is a secret, and parameters are recorded.", "Read it from the settings."


def without_help(params_type: type[Params]) -> Iterator[tuple[str, str]]:
    """Parameters that have no help, and what to do about it."""
    for name, field in params_type.model_fields.items():
        if not (field.description or "").strip():
            yield f"parameter {name!r} has no help.", "Say what it means in a docstring below it."
