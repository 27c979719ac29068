"""What the answers of all catalogues have in common: how they are checked before a value of theirs is used."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from backend.remote.errors import RemoteResponseError

T = TypeVar("T")


def _text(value: object) -> object:
    if isinstance(value, str):
        # PostgreSQL has no NUL character in text.
        return value.replace("\0", "").strip()
    return "" if value is None else value


def _array(value: object) -> object:
    return [] if value is None else value


def _number(value: object) -> object:
    return 0 if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
"""Null is the empty text."""
Array = Annotated[list[T], BeforeValidator(_array)]
"""Null is the empty array."""
Integer = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=2**31)]
"""Fits an `integer` column; null is 0, which is how both catalogues say "unknown"."""
BigInteger = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=2**63)]
"""Fits a `bigint` column."""


class Answer(BaseModel):
    """A part of an answer. Types are checked strictly: a shape nobody has seen is reported, not stored.

    Unknown fields are ignored.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


A = TypeVar("A", bound=Answer)


def read(kind: type[A], answer: dict[str, Any], *, about: str) -> A:
    """Return the answer checked; `about` says whose and what about, for the message of `RemoteResponseError`."""
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        what = f"{place}: {problem['msg']}" if place else problem["msg"]
        raise RemoteResponseError(f"The answer of {about} is not understood: {what}") from error
