"""What comes from outside, and what is believed of it: Beat's messages, `.delay()`, Flower's API, a hostile broker."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from kombu import Connection, Producer

from backend.operations import files, runner
from backend.operations.claims import DatabaseNow
from backend.operations.declaration import Operation
from backend.operations.errors import InvalidParamsError, OperationError
from backend.operations.models import Run
from backend.operations.recording import storable
from backend.operations.states import Status

BEAT = "beat"
MAX_SECONDS = 365 * 24 * 3600
MAX_PRIORITY = 255


def known_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those options of `apply_async` that a caller may choose, if their values can be what they should be.

    Everything else stays as the operation declares it: its queue, its serializer, its callbacks.
    """
    return {
        name: options[name] for name, believable in BELIEVABLE.items() if name in options and believable(options[name])
    }


def origin_of(headers: object) -> str:
    """Who sent it: `beat: <entry>`, or a message from anywhere else."""
    entry = headers.get("periodic_task_name") if isinstance(headers, Mapping) else None
    return storable(f"{BEAT}: {entry}")[:200] if isinstance(entry, str) else "message"


def run_id_of(task_id: object) -> UUID | None:
    """The id as a run's; None when it is no UUID."""
    try:
        return UUID(str(task_id))
    except ValueError:
        return None


def free_id(task_id: object) -> UUID:
    """The id that was asked for, as a run's; a new one when that is no UUID or another run's."""
    run_id = run_id_of(task_id)
    return uuid4() if run_id is None or Run.objects.filter(pk=run_id).exists() else run_id


def times(options: Mapping[str, Any]) -> dict[str, datetime | None]:
    """When a run is to be sent, started at the earliest and started at the latest, by the options of `apply_async`.

    One that is to start later is not sent yet: no worker has to keep its message until then.
    """
    now = datetime.now(UTC)
    not_before = _moment(options.get("eta"), now) or _moment(options.get("countdown"), now)
    not_before = not_before if not_before and not_before > now else None
    expires_at = _moment(options.get("expires"), now)
    return {"not_before": not_before, "expires_at": expires_at, "sent_at": None if not_before else now}


def accept(
    operation: Operation[Any], args: object, kwargs: object, *, run_id: UUID, origin: str, **columns: Any
) -> Run:
    """Record a run for values from outside: a queued one, or one that has failed because they do not fit."""
    try:
        values = _values(args, kwargs)
        how = _how(values)
        params = operation.parse(values)
        files.check_stored(params)
        return runner.record(operation, params, run_id=run_id, queue=operation.queue, origin=origin, **how, **columns)
    except OperationError as error:
        return Run.objects.create(
            id=run_id,
            operation=operation.name,
            queue=operation.queue,
            origin=origin,
            status=Status.FAILED,
            error=storable(str(error)),
            finished_at=DatabaseNow(),
        )


def accept_as(
    task_id: object, operation: Operation[Any], args: object, kwargs: object, *, origin: str, **columns: Any
) -> Run:
    """Like `accept`, with the id that was asked for if it is free, also when somebody takes it at this moment."""
    try:
        with transaction.atomic():
            return accept(operation, args, kwargs, run_id=free_id(task_id), origin=origin, **columns)
    except IntegrityError:
        return accept(operation, args, kwargs, run_id=uuid4(), origin=origin, **columns)


def received(operation: Operation[Any], task_id: object, args: object, kwargs: object, *, origin: str) -> Run:
    """The run that a message names; a new one when it was sent past `apply_async`, or names a run of something else."""
    run_id = free_id(task_id)  # before the look, so that a run recorded in between is not taken for another message's
    names = (operation.name, *operation.aliases)
    run = Run.objects.filter(pk=run_id_of(task_id) or run_id, operation__in=names).first()
    try:
        return run or accept(operation, args, kwargs, run_id=run_id, origin=origin, sent_at=datetime.now(UTC))
    except IntegrityError:  # the same message was delivered twice, and another process recorded it just now
        return received(operation, task_id, args, kwargs, origin=origin)


def message(run: Run) -> dict[str, Any]:
    """A run's task kwargs: its params, and how to run; flat."""
    how = {"dry_run": run.dry_run, "confirm": run.confirm}
    return {**run.params, **{name: value for name, value in how.items() if value}}


def _values(args: object, kwargs: object) -> dict[str, Any]:
    if args:
        raise InvalidParamsError("an operation takes keyword arguments only")
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise InvalidParamsError("kwargs must be an object of parameters")
    return dict(kwargs or {})


def _how(values: dict[str, Any]) -> dict[str, Any]:
    dry_run, confirm, partitions = (
        values.pop("dry_run", False), values.pop("confirm", ""), values.pop("partitions", None)
    )  # fmt: skip
    if not isinstance(dry_run, bool) or not isinstance(confirm, str):
        raise InvalidParamsError("dry_run is true or false, and confirm is a text")
    if partitions is not None and (not isinstance(partitions, int) or isinstance(partitions, bool)):
        raise InvalidParamsError("partitions is a number")
    return {"dry_run": dry_run, "confirm": confirm, "partitions": partitions}


def _moment(value: Any, now: datetime) -> datetime | None:
    """The moment that a number of seconds from now, or a date, stands for; None for anything else."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    believable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS
    return now + timedelta(seconds=value) if believable else None


BELIEVABLE: Mapping[str, Callable[[Any], bool]] = {
    "priority": lambda value: isinstance(value, int) and 0 <= value <= MAX_PRIORITY,
    "producer": lambda value: isinstance(value, Producer),
    "connection": lambda value: isinstance(value, Connection),
}
