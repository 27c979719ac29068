"""What the answers about work entries have in common."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from backend.remote.errors import RemoteResponseError
from backend.tracking.kernel.records import BrokenRecord, Record

T = TypeVar("T")


def _text(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\0", "").strip()
    return "" if value is None else value


def _array(value: object) -> object:
    return [] if value is None else value


def _moment(value: object) -> object:
    """Raises ValueError, as pydantic wants it."""
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is not in the years 1 to 9999") from None


Text = Annotated[str, BeforeValidator(_text)]
Array = Annotated[list[T], BeforeValidator(_array)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Seconds = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[int, Field(ge=0, lt=2**63)]


class Answer(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


A = TypeVar("A", bound=Answer)


def read(kind: type[A], content: Any, *, about: str) -> A:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise RemoteResponseError(f"The answer of {about} is not understood: {problem(error)}") from error


def problem(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
