"""What a message must look like before Celery's own code reads it: anybody may have put it into the queue.

https://docs.celeryq.dev/en/stable/internals/protocol.html names the types; Celery itself believes them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from celery.utils.time import maybe_iso8601
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from upkeep.validation import explained

Name = Annotated[str, Field(min_length=1, max_length=255)]
Number = Annotated[int, Field(ge=0, lt=2**31)]
Seconds = Annotated[FiniteFloat, Field(ge=0)]
YEARS = range(1970, 9000)
"""Beyond them, times of other zones leave the calendar."""


def _moment(value: str | datetime) -> str | datetime:
    try:
        moment = maybe_iso8601(value)
    except (ValueError, TypeError, AttributeError, OverflowError):
        moment = None
    if value and (moment is None or moment.year not in YEARS):
        raise ValueError(f"is not a time in the years {YEARS.start} to {YEARS.stop - 1}")
    return value


Moment = Annotated[str | datetime, AfterValidator(_moment)]
Signatures = list[Mapping[str, Any]] | None


class Headers(BaseModel):
    """Those of protocol 2, which are members of the body in protocol 1."""

    model_config = ConfigDict(strict=True, extra="allow")

    task: Name
    id: Name
    lang: str | None = None
    root_id: Name | None = None
    parent_id: Name | None = None
    group: Name | None = None
    group_index: Number | None = None
    shadow: str | None = None
    eta: Moment | None = None
    expires: Moment | None = None
    retries: Number | None = None
    timelimit: Annotated[Sequence[Seconds | None], Field(min_length=2, max_length=2)] | None = None
    argsrepr: str | None = None
    kwargsrepr: str | None = None
    origin: str | None = None
    ignore_result: bool | None = None
    replaced_task_nesting: Number | None = None
    stamped_headers: list[str] | None = None
    stamps: Mapping[str, Any] | None = None


class Properties(BaseModel):
    """Of a message, those that Celery reads."""

    model_config = ConfigDict(strict=True, extra="allow")

    correlation_id: str | None = None
    reply_to: str | None = None


class Arguments(BaseModel):
    """The three parts of a body in protocol 2."""

    model_config = ConfigDict(strict=True, extra="allow")

    args: list[Any] | tuple[Any, ...]
    kwargs: Mapping[str, Any]
    callbacks: Signatures = None
    errbacks: Signatures = None
    chain: Signatures = None
    chord: Mapping[str, Any] | None = None


def fault(headers: object, properties: object, payload: object) -> str | None:
    """Why this is not a task's message, in one line without control characters; None when it is one.

    Args:
        headers: the message's.
        properties: the message's.
        payload: its decoded body.
    """
    in_body = payload if isinstance(payload, Mapping) and "args" in payload else None
    if not isinstance(headers, Mapping) or not ("task" in headers or in_body):
        return "it has no headers of a task"
    if in_body:  # then Celery takes from there what is not among the headers
        arguments: Mapping[Any, Any] = {"kwargs": {}, **in_body}
        group = {"group": in_body["taskset"]} if "taskset" in in_body else {}
        headers = {**in_body, **group, **(headers if "task" in headers else {})}
    elif isinstance(payload, list | tuple) and len(payload) == len(("args", "kwargs", "embed")):
        args, kwargs, embed = payload
        if not isinstance(embed, Mapping | None):
            return "the third part of its body is not an object"
        arguments = {**(embed or {}), "args": args, "kwargs": kwargs}
    else:
        return "its body does not consist of args, kwargs and what is embedded"
    return fault_by(Headers, headers) or fault_by(Properties, properties) or fault_by(Arguments, arguments)


def fault_by(model: type[BaseModel], values: object) -> str | None:
    """What of the values is not as the model has it, in one line."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return explained(error, model, what="header")
    return None
