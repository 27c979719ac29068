"""What comes from outside, and what is believed of it: Beat's messages, `.delay()`, Flower's API, a hostile broker."""

from collections.abc import Callable, Mapping
from datetime import datetime
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


def accept(operation: Operation[Any], args: object, kwargs: object, *, run_id: UUID, origin: str) -> Run:
    """Record a run for values from outside: a queued one, or one that has failed because they do not fit."""
    try:
        values = _values(args, kwargs)
        dry_run, confirm = _how(values)
        params = operation.parse(values)
        files.check_stored(params)
        return runner.record(
            operation, params, run_id=run_id, dry_run=dry_run, confirm=confirm, queue=operation.queue, origin=origin
        )
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


def accept_as(task_id: object, operation: Operation[Any], args: object, kwargs: object, *, origin: str) -> Run:
    """Like `accept`, with the id that was asked for if it is free, also when somebody takes it at this moment."""
    try:
        with transaction.atomic():
            return accept(operation, args, kwargs, run_id=free_id(task_id), origin=origin)
    except IntegrityError:
        return accept(operation, args, kwargs, run_id=uuid4(), origin=origin)


def received(operation: Operation[Any], task_id: object, args: object, kwargs: object, *, origin: str) -> Run:
    """The run that a message names; a new one when it was sent past `apply_async`, or names a run of something else."""
    run_id = free_id(task_id)  # before the look, so that a run recorded in between is not taken for another message's
    names = (operation.name, *operation.aliases)
    run = Run.objects.filter(pk=run_id_of(task_id) or run_id, operation__in=names).first()
    try:
        return run or accept(operation, args, kwargs, run_id=run_id, origin=origin)
    except IntegrityError:  # the same message was delivered twice, and another process recorded it just now
        return received(operation, task_id, args, kwargs, origin=origin)


def message(run: Run) -> dict[str, Any]:
    """A run's task kwargs: its params, and how to run; flat."""
    how = {name: value for name, value in (("dry_run", run.dry_run), ("confirm", run.confirm)) if value}
    return {**run.params, **how}


def _values(args: object, kwargs: object) -> dict[str, Any]:
    if args:
        raise InvalidParamsError("an operation takes keyword arguments only")
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise InvalidParamsError("kwargs must be an object of parameters")
    return dict(kwargs or {})


def _how(values: dict[str, Any]) -> tuple[bool, str]:
    dry_run, confirm = values.pop("dry_run", False), values.pop("confirm", "")
    if not isinstance(dry_run, bool) or not isinstance(confirm, str):
        raise InvalidParamsError("dry_run is true or false, and confirm is a text")
    return dry_run, confirm


def _seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS


BELIEVABLE: Mapping[str, Callable[[Any], bool]] = {
    "countdown": _seconds,
    "eta": lambda value: isinstance(value, datetime),
    "expires": lambda value: _seconds(value) or isinstance(value, datetime),
    "priority": lambda value: isinstance(value, int) and 0 <= value <= MAX_PRIORITY,
    "producer": lambda value: isinstance(value, Producer),
    "connection": lambda value: isinstance(value, Connection),
}
