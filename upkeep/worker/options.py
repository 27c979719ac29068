"""What a caller says beside `args` and `kwargs`: how and when to run, and what of Celery's has no say here.

Flower's API hands everything in a request's body to `Task.apply_async`, so a misspelt key is an option like any other.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from math import isfinite
from typing import Any

from amqp.basic_message import Message
from django.utils import timezone
from kombu import Connection, Producer

from upkeep.operations.definition import Operation
from upkeep.operations.errors import InvalidParamsError
from upkeep.operations.params import HOW
from upkeep.validation import shortened
from upkeep.worker import canvas

WHEN = ("countdown", "eta", "expires", "priority")
"""Celery's options that a caller may choose."""
OBJECTS: Mapping[str, type[Any]] = {"producer": Producer, "connection": Connection}
"""What a program in this process may hand over to send the message with; anything else of that name has no say."""
# fmt: off
WITHOUT_A_SAY = frozenset([
    # Which run it is, and who asked for it: the run's row has its own words for that.
    "task_id", "root_id", "parent_id", "origin", "shadow", "headers", "argsrepr", "kwargsrepr", "stamped_headers",
    # The message's way: the operation declares its queue, the settings how messages look.
    "queue", "exchange", "exchange_type", "routing_key", "route_name", "router", "declare", "delivery_mode",
    "mandatory", "immediate", "serializer", "compression", "content_type", "content_encoding", "expiration", "retry",
    "retry_policy", "timeout", "confirm_timeout", "event_dispatcher", "producer", "publisher", "connection",
    # What comes after, or around it: see `canvas`, which refuses what would not happen.
    "link", "link_error", "chain", "chord", "group_id", "group_index", "reply_to", "replaced_task_nesting", "retries",
    "add_to_parent", "ignore_result", "result_cls", "throw",
    # The worker's settings.
    "time_limit", "soft_time_limit", "logfile", "loglevel",
    # For Celery's own use.
    "now", "timezone", "task_type", "create_sent_event",
    *(name for name, _ in Message.PROPERTIES),
])
# fmt: on
"""Everything else that Celery 5.7 and Kombu declare, and so may pass: it is left out."""
KNOWN = frozenset({*HOW, *WHEN, *WITHOUT_A_SAY})
IN_A_MESSAGE = frozenset({name for name, _ in Message.PROPERTIES} | {"delivery_info", "delivery_tag", "body_encoding"})
"""Properties that each message has."""
MAX_SECONDS = 365 * 24 * 3600
MAX_PRIORITY = 255
MAX_NAMED = 5


def joined(operation: Operation[Any], kwargs: object, given: Mapping[str, Any]) -> dict[str, Any]:
    """The kwargs, with what is `given` beside them about how to run.

    Raises:
        InvalidParamsError: they are not an object, something unknown or impossible is given, or one thing is said in
            both places and differs.
    """
    _check_names(operation, given)
    canvas.check(given)
    times(given)
    sending(given)
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise InvalidParamsError("kwargs must be an object of parameters")
    values, beside = dict(kwargs or {}), {name: given[name] for name in HOW if name in given}
    for name, value in beside.items():
        if name in values and (type(values[name]), values[name]) != (type(value), value):
            raise InvalidParamsError(f"{name} is given twice, in kwargs and beside them, and differs: say it once")
    return {**values, **beside}


def times(given: Mapping[str, Any]) -> dict[str, datetime | None]:
    """When a run is to be sent, started at the earliest and started at the latest.

    One that is to start later is not sent yet: no worker has to keep its message until then. What was to start in the
    past starts now, and what expired in the past does not start. As in Celery, `countdown` goes before `eta`.

    Raises:
        InvalidParamsError: a value that is not a time.
    """
    now = datetime.now(UTC)
    countdown, eta = _later("countdown", given, now), _moment("eta", given)
    not_before = countdown or eta
    not_before = not_before if not_before and not_before > now else None
    expires_at = _later("expires", given, now) if _is_number(given.get("expires")) else _moment("expires", given)
    return {"not_before": not_before, "expires_at": expires_at, "sent_at": None if not_before else now}


def sending(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of it decides about the message. Raises InvalidParamsError."""
    objects = {name: given[name] for name, kind in OBJECTS.items() if isinstance(given.get(name), kind)}
    if given.get("priority") is None:
        return objects
    priority = _number(given["priority"])
    if priority is None or priority not in range(MAX_PRIORITY + 1):
        raise InvalidParamsError(
            f"priority must be a number from 0 to {MAX_PRIORITY}, not {shortened(given['priority'])}"
        )
    return {**objects, "priority": int(priority)}


def normal(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same for Celery's `send_task`: without how to run, and with values that Celery understands."""
    when = times(given)
    rest = {name: value for name, value in given.items() if name not in (*HOW, *WHEN)}
    asked = {"eta": when["not_before"], "expires": when["expires_at"], "priority": sending(given).get("priority")}
    return {**rest, **{name: value for name, value in asked.items() if value is not None}}


def in_message(properties: object) -> dict[str, Any]:
    """What a message that was sent past `apply_async` carries beside its body."""
    found = properties if isinstance(properties, Mapping) else {}
    return {name: value for name, value in found.items() if name not in IN_A_MESSAGE}


def _check_names(operation: Operation[Any], given: Mapping[str, Any]) -> None:
    stamps: Any = given.get("stamped_headers")  # options that a program named for itself
    if isinstance(stamps, str | bytes) or not isinstance(stamps, Sequence | AbstractSet):
        stamps = ()
    unknown = [name for name in given if name not in KNOWN and name not in stamps]
    if unknown:
        message = "; ".join(_explained(operation, str(name)) for name in unknown[:MAX_NAMED])
        more = f"; and {len(unknown) - MAX_NAMED} more" if len(unknown) > MAX_NAMED else ""
        raise InvalidParamsError(message + more)


def _explained(operation: Operation[Any], name: str) -> str:
    fields = operation.params_type.model_fields
    message = f"unknown key {name[:80]!r} beside kwargs"
    if name in fields:
        return f"{message}: a parameter belongs in kwargs"
    spelt = name[:80].lower().replace("-", "_")
    close = get_close_matches(spelt, ["kwargs", "args", "task_id", *HOW, *WHEN, *fields], n=1)
    if not close:
        return message
    return f"{message} (did you mean {close[0]!r}{' in kwargs' if close[0] in fields else ''}?)"


def _later(name: str, given: Mapping[str, Any], now: datetime) -> datetime | None:
    """The time that is this many seconds from now."""
    value = given.get(name)
    if value is None:
        return None
    seconds = _number(value)
    if seconds is None or abs(seconds) > MAX_SECONDS:
        raise InvalidParamsError(f"{name} must be a number of seconds, at most a year, not {shortened(value)}")
    return now + timedelta(seconds=seconds)


def _moment(name: str, given: Mapping[str, Any]) -> datetime | None:
    """A date with its time; without a zone, in that of the settings."""
    value = given.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, datetime):
            return (moment if moment.tzinfo else timezone.make_aware(moment)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    number = " or a number of seconds" if name == "expires" else ""
    raise InvalidParamsError(f"{name} must be a time such as 2026-11-27T10:50:00+00:00{number}, not {shortened(value)}")


def _is_number(value: object) -> bool:
    return value is not None and (_number(value) is not None or not isinstance(value, str | datetime))


def _number(value: object) -> float | None:
    """The number that it is, or that it spells; None when it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None
