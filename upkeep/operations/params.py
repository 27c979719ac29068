"""The parameters of an operation: one frozen pydantic model, the only validator there is."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Self

from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ConfigDict, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from upkeep.operations.errors import InvalidParamsError

RESERVED_NAMES = frozenset(
    {"args", "confirm", "dry_run", "enqueue", "force_color", "help", "json", "no_color", "no_input", "partitions"}
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


class Positional:
    """Marks a field as a positional argument of the command: `Annotated[str, Positional()]`."""


class Params(BaseModel):
    """What an operation is asked to do. Attribute docstrings are the help of each field; defaults live here alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse, at declaration, fields that no command could have or that would store a secret."""
        super().__pydantic_init_subclass__(**kwargs)
        for name, field in cls.model_fields.items():
            if name in RESERVED_NAMES or name.startswith("_"):
                raise ImproperlyConfigured(
                    f"{cls.__name__}.{name}: this name belongs to the command line; choose another"
                )
            if any(secret.__name__ in repr(field.annotation) for secret in (SecretStr, SecretBytes)):
                raise ImproperlyConfigured(
                    f"{cls.__name__}.{name}: params are recorded; read secrets from the settings"
                )

    @classmethod
    def parse(cls, values: Mapping[str, Any], spell: Callable[[str], str] = str) -> Self:
        """The validated params; `spell` turns a field's name into what the user typed, such as `--limit`.

        Raises:
            InvalidParamsError: in one line, everything that is wrong.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            problems = [_explained(detail, cls, spell) for detail in error.errors(include_url=False)]
            raise InvalidParamsError("; ".join(problems)) from None


def _explained(detail: ErrorDetails, params_type: type[Params], spell: Callable[[str], str]) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        close = get_close_matches(name, params_type.model_fields, n=1)
        return f"unknown parameter {name[:80]!r}" + (f" (did you mean {close[0]!r}?)" if close else "")
    if detail["type"] == "missing":
        return f"{spell(name)} is required"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{spell(name)} {message}, not {_shortened(detail['input'])}" if name else message


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"  # noqa: PLR2004 - one line of a terminal
