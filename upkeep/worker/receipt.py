"""What comes from outside, and what is believed of it: Beat's messages, `.delay()`, Flower's API, a hostile broker."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, transaction

from upkeep.operations import files, registry, rows, subjects, submission
from upkeep.operations.definition import Operation
from upkeep.operations.errors import InvalidParamsError, OperationError, UnconfirmedError
from upkeep.operations.leases import claims
from upkeep.operations.leases.claims import DatabaseNow
from upkeep.operations.limits import RunLimits
from upkeep.operations.models import Run
from upkeep.operations.params import Params
from upkeep.operations.states import Status
from upkeep.operations.storable import storable
from upkeep.worker import canvas, options

Given: TypeAlias = Mapping[str, Any]
NOTHING: Given = MappingProxyType({})
BEAT = "beat"
MAX_ERROR = 2_000
"""Characters of why a call was refused."""
RECORDED = "upkeep_recorded"
"""The header of a message whose run has a row: the run's id, signed. Without the row, it must not make a new run."""
ORIGIN = "upkeep_origin"
"""The header with who sent a message, signed together with the message's id: anybody can put a header into a message,
but copied into another, this one says nothing."""
_in_beat = False


def origin_of(headers: object, task_id: object = None) -> str:
    """Who sent it: what `sent_by` says; in a Beat, the entry that a scheduler of Celery's fires; else anybody."""
    given = headers if isinstance(headers, Mapping) else {}
    entry = given.get("periodic_task_name") if _in_beat else None
    origin = _unsigned(given.get(ORIGIN), str(task_id)) or (f"{BEAT}: {entry}" if isinstance(entry, str) else None)
    return storable(origin)[:200] if isinstance(origin, str) else "message"


def fired_by(entry: str, task_id: str) -> dict[str, str]:
    """The header by which others believe that this entry of the schedule was fired, under this id."""
    return sent_by(f"{BEAT}: {entry}", task_id)


def sent_by(origin: str, task_id: str) -> dict[str, str]:
    """The header by which others believe that what is sent under this id comes from `origin`."""
    return {ORIGIN: _signer(ORIGIN, task_id).sign_object(origin)}


def _unsigned(value: object, task_id: str) -> object:
    """What was signed, None when it was not."""
    try:
        return _signer(ORIGIN, task_id).unsign_object(value) if isinstance(value, str) else None
    except (BadSignature, ValueError):
        return None


def believe_headers(**_kwargs: Any) -> None:
    """In the process of a Beat, whose own calls alone come here: also Celery's schedulers say which entry fires."""
    global _in_beat  # noqa: PLW0603 - a process is a Beat's from its start on
    _in_beat = True


def signed(run: Run) -> dict[str, str]:
    """The header by which a message is known as this project's own, and as that of this run."""
    return {RECORDED: _signer(RECORDED).sign(str(run.pk))}


def is_signed(headers: object, task_id: object) -> bool:
    """Whether this project recorded a run of this id, and sent this message for it; maybe with a key from before."""
    header = headers.get(RECORDED) if isinstance(headers, Mapping) else None
    try:
        return isinstance(header, str) and _signer(RECORDED).unsign(header) == str(task_id)
    except BadSignature:
        return False


def _signer(header: str, task_id: str = "") -> Signer:
    return Signer(salt=f"upkeep.worker.receipt.{header}.{task_id}" if task_id else f"upkeep.worker.receipt.{header}")


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


def accept(  # noqa: PLR0913 - the three parts of a call, and the columns
    operation: Operation[Any],
    args: object,
    kwargs: object,
    *,
    given: Given,
    run_id: UUID,
    origin: str,
    follows: Run | None = None,
    by_message: bool = False,
) -> Run:
    """Record a run for values from outside: a queued one, or one that has failed because they are invalid.

    `given` is what is said beside `args` and `kwargs`; a chain in it is recorded, too. It waits until
    the run that it `follows` has succeeded. What destroys data is not started `by_message`: anybody may have put
    it into the queue.
    """
    try:
        params, how = _parsed(operation, args, kwargs, given)
        how |= {**options.times(given), "follows": follows, **({"sent_at": None} if follows else {})}
        if by_message:
            _check_harmless(operation, params, dry_run=how["dry_run"])
        with transaction.atomic():
            run = submission.record(operation, params, run_id=run_id, queue=operation.queue, origin=origin, **how)
            return _with_chain(run, given)
    except OperationError as error:
        about = operation.apparent_subjects(kwargs if isinstance(kwargs, Mapping) else {})
        return refuse(operation.name, str(error), run_id=run_id, origin=origin, queue=operation.queue, about=about)


def check(operation: Operation[Any], args: object, kwargs: object) -> None:
    """Raise OperationError, which says why, when a run with these values would be refused."""
    params, how = _parsed(operation, args, kwargs, NOTHING)
    submission.build(operation, params, queue=operation.queue, **how)


def _parsed(operation: Operation[Any], args: object, kwargs: object, given: Given) -> tuple[Any, dict[str, Any]]:
    """The params, and how they are to be carried out. Raises InvalidParamsError."""
    if args:
        raise InvalidParamsError("an operation takes keyword arguments only: after another task, call it by `si`")
    values = options.joined(operation, kwargs, given)
    how = _how(values)
    params = operation.parse(values)
    files.check_stored(params)
    return params, how


def _check_harmless(operation: Operation[Any], params: Params, *, dry_run: bool) -> None:
    if operation.confirmation(params) and not dry_run:
        message = f"{operation.name} destroys data, which no message can confirm: start it by its command, in the admin"
        raise UnconfirmedError(f"{message}, or by its task's delay()")


def _with_chain(first: Run, given: Given) -> Run:
    """Record what is to follow a run. When a link is invalid, none of the chain runs."""
    runs = [first]
    for operation, step in canvas.steps(given):
        beside = dict(step.get("options") or {})
        called = (beside.get("task_id"), operation, step.get("args"), step.get("kwargs"))
        origin = f"chain: after run {runs[-1].pk}"
        runs.append(accept_as(*called, given=beside, origin=origin, follows=runs[-1]))
    invalid = next((run for run in runs if run.status == Status.FAILED), None)
    if invalid:
        error = f"its chain has an invalid link, {invalid.operation}: {invalid.error}"
        for run in runs:
            claims.move(run.pk, Status.QUEUED, Status.FAILED, error=error)
        first.refresh_from_db()
    return first


def refuse(  # noqa: PLR0913 - the columns
    operation: str, error: str, *, origin: str, run_id: UUID | None = None, queue: str = "", about: Sequence[str] = ()
) -> Run:
    """Record a run that has failed before it began. `operation` need not be one that this process knows."""
    with transaction.atomic():
        run = Run.objects.create(
            id=run_id or uuid4(),
            operation=storable(operation)[:200],
            queue=queue,
            origin=storable(origin)[:200],
            status=Status.FAILED,
            error=storable(error)[:MAX_ERROR],
            finished_at=DatabaseNow(),
        )
        subjects.note([run.pk], about)
    return run


def refuse_unknown(operation: str, task_id: object, headers: object) -> None:
    """A worker got a message whose operation it does not know, and drops it. One of Beat's leaves a failed run.

    Others stay queued: who waits for them is told so, and a worker with newer code may take them.
    """
    error = f"the worker does not know {operation}: restart it with the code that does, or correct the schedule's entry"
    run_id = run_id_of(task_id)
    run = Run.objects.filter(pk=run_id).first() if run_id else None
    origin = run.origin if run else origin_of(headers, task_id)
    if not origin.startswith(BEAT):
        return
    if run:
        claims.move(run.pk, Status.QUEUED, Status.FAILED, error=error)
    else:
        refuse(operation, error, origin=origin, run_id=run_id)


def is_operations_name(name: str) -> bool:
    """Whether a name that this process does not know was an operation's, or is like those of its operations."""
    packages = {operation.name.rpartition(".")[0] for operation in registry.operations()}
    return name.rpartition(".")[0] in packages or Run.objects.filter(operation=name).exists()


def accept_as(  # noqa: PLR0913 - as above
    task_id: object,
    operation: Operation[Any],
    args: object,
    kwargs: object,
    *,
    given: Given,
    origin: str,
    follows: Run | None = None,
) -> Run:
    """Like `accept`, with the id that was asked for if it is free, also when somebody takes it at this moment."""
    try:
        with transaction.atomic():
            return accept(operation, args, kwargs, given=given, run_id=free_id(task_id), origin=origin, follows=follows)
    except IntegrityError:
        return accept(operation, args, kwargs, given=given, run_id=uuid4(), origin=origin, follows=follows)


def received(  # noqa: PLR0913 - as above
    operation: Operation[Any], task_id: object, args: object, kwargs: object, *, headers: object, given: Given = NOTHING
) -> Run | None:
    """The run that a message names; a new one when it was sent past `apply_async`, or names a run of something else.

    None when the run was deleted since its message was sent, or its row is in no backup that was restored since.
    """
    if (run := _named(operation, task_id)) or is_signed(headers, task_id):
        return run
    run_id = free_id(task_id)  # before another look: a run recorded in between is not taken for another message's
    if run := _named(operation, task_id):
        return run
    origin = origin_of(headers, task_id)
    try:
        return accept(operation, args, kwargs, given=given, run_id=run_id, origin=origin, by_message=True)
    except IntegrityError:  # the same message was delivered twice, and another process recorded it just now
        return received(operation, task_id, args, kwargs, given=given, headers=headers)


def _named(operation: Operation[Any], task_id: object) -> Run | None:
    """The operation's run of this id."""
    run_id = run_id_of(task_id)
    run = rows.find(run_id) if run_id else None
    return run if run and run.operation in (operation.name, *operation.aliases) else None


def message(run: Run) -> dict[str, Any]:
    """A run's task kwargs: its params, and whether it is a dry run; flat. What confirms it is in its row alone."""
    return {**run.params, **({"dry_run": True} if run.dry_run else {})}


def _how(values: dict[str, Any]) -> dict[str, Any]:
    dry_run, confirm, partitions = (
        values.pop("dry_run", False), values.pop("confirm", ""), values.pop("partitions", None)
    )  # fmt: skip
    if not isinstance(dry_run, bool) or not isinstance(confirm, str):
        raise InvalidParamsError("dry_run must be true or false, and confirm a string")
    if partitions is not None and (not isinstance(partitions, int) or isinstance(partitions, bool)):
        raise InvalidParamsError("partitions must be a number")
    limits = RunLimits.parse({name: values.pop(name) for name in RunLimits.model_fields if name in values})
    return {"dry_run": dry_run, "confirm": confirm, "partitions": partitions, "limits": limits}
