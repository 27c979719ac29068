"""How the JSON of other systems is checked before a value of theirs is used."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from upkeep.remote.errors import RemoteResponseError

T = TypeVar("T")


def _text(value: object) -> object:
    if isinstance(value, str):
        # PostgreSQL has no NUL character in text.
        return value.replace("\0", "").strip()
    return "" if value is None else value


def _array(value: object) -> object:
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
"""Null is the empty text."""
Array = Annotated[list[T], BeforeValidator(_array)]
"""Null is the empty array."""


class Answer(BaseModel):
    """A part of the JSON. Types are checked strictly: a shape nobody has seen is reported, not stored.

    Unknown fields are ignored.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True)


A = TypeVar("A", bound=Answer)


def read(kind: type[A], content: object, *, about: str) -> A:
    """Return the JSON checked; `about` says whose and what about, for the message of `RemoteResponseError`."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise RemoteResponseError(f"The answer of {about} is not understood: {problem(error)}") from error


def problem(error: ValidationError) -> str:
    """Say what is wrong first of all, and where, without the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
