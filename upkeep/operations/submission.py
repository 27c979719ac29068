"""How a run comes to be, and how it is sent to a worker: the row in the caller's transaction, then the message."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypedDict, TypeVar, Unpack
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from upkeep.operations import broker, files, registry, subjects
from upkeep.operations.definition import Operation
from upkeep.operations.errors import InvalidParamsError, OperationError, UnknownOperationError
from upkeep.operations.execution.digests import Selection
from upkeep.operations.insertion import insert
from upkeep.operations.leases import claims
from upkeep.operations.limits import RunLimits
from upkeep.operations.models import ONE_APPLICATION, Run
from upkeep.operations.params import Params
from upkeep.operations.states import Status
from upkeep.operations.storable import storable_json

P = TypeVar("P", bound=Params)
MAX_PARAMS = 1_000_000
"""Characters of a run's parameters, as JSON."""
MAX_WORD = 200
"""Characters of the word that confirms a run, and of the key that it holds alone: those of their columns."""
NO_LIMITS = RunLimits()
MAX_ROWS = 1_000
"""New runs in one statement."""


class Applied(NamedTuple):
    """A preview, and which of its changes a run carries out."""

    preview: Run
    selection: Selection


class How(TypedDict, total=False):
    """How runs are carried out, and for whom: as `record` takes it."""

    dry_run: bool
    confirm: str
    attended: bool
    origin: str
    user: Any
    system_user: str
    partitions: int | None
    limits: RunLimits
    applies: Applied | None


def record(  # noqa: PLR0913 - the columns of a new run
    operation: Operation[P],
    params: P,
    *,
    run_id: UUID | None = None,
    dry_run: bool = False,
    confirm: str = "",
    attended: bool = False,
    queue: str = "",
    origin: str = "",
    user: Any = None,
    system_user: str = "",
    partitions: int | None = None,
    limits: RunLimits = NO_LIMITS,
    applies: Applied | None = None,
    **columns: Any,
) -> Run:
    """Write the row of a new run; further `columns` are written as they are.

    `attended`: a person saw the counts of its dry run and typed the word that confirms them.

    Raises:
        InvalidParamsError: a dry run or `limits` of an operation that has none, an impossible number of `partitions`,
            or a value that cannot be recorded or is too long for it.
        UnconfirmedError: it destroys data, and `confirm` is not the word that it requires.
        OperationError: it was refused when it was declared.
    """
    run = build(
        operation, params, dry_run=dry_run, confirm=confirm, attended=attended, queue=queue, origin=origin, user=user,
        system_user=system_user, partitions=partitions, limits=limits, applies=applies,
        **({"id": run_id} if run_id else {}), **columns,
    )  # fmt: skip
    _write([(run, operation.subjects(params))])
    return run


def enqueue(operation: Operation[P], params: P, **how: Unpack[How]) -> Run:
    """Record a run and send it to a worker after the caller's transaction is committed.

    With the broker down the run stays queued, with `sent_at` empty, until a worker's sweep can send it.

    Raises:
        InvalidParamsError, UnconfirmedError: see `record`.
        OperationError: this project has no workers, or a file of the params cannot be sent.
    """
    return enqueue_many(operation, [params], **how)[0]


def enqueue_many(operation: Operation[P], params: Iterable[P], **how: Unpack[How]) -> list[Run]:
    """Enqueue a run with each of these params, in their order: all of them, or none when one is invalid.

    Raises: as `enqueue`.
    """
    broker.check()
    given = list(params)
    now = datetime.now(UTC)
    new = [
        (build(operation, each, queue=operation.queue, sent_at=now, **how), operation.subjects(each)) for each in given
    ]
    runs = [run for run, _ in new]
    alone = transaction.get_autocommit() and len(runs) == 1 and not files.are_named(given[0])
    with nullcontext() if alone else transaction.atomic():  # one statement needs no BEGIN and COMMIT round it
        _write(new)
        for run, each in zip(runs, given, strict=True):
            stored = files.store(run.pk, each)
            if stored is not each:
                run.params = stored.model_dump(mode="json")
                run.save(update_fields=["params"])
        transaction.on_commit(partial(broker.publish_many, runs))
    return runs


def named(run_id: UUID | str) -> Run:
    """The run of this id, or whose id alone begins with these hexadecimal digits.

    Raises OperationError when there is none, or more than one.
    """
    if isinstance(run_id, UUID):
        found = list(Run.objects.filter(pk=run_id))
    else:
        found = list(Run.objects.filter(pk__range=(UUID(f"{run_id:0<32}"), UUID(f"{run_id:f<32}")))[:2])
    if len(found) > 1:
        raise OperationError(f"several runs have an id that begins with {run_id}: give more digits")
    if not found:
        raise OperationError(f"no run {run_id}: `runs` lists them")
    return found[0]


def requeue(run_id: UUID, *, queue: str, limits: RunLimits = NO_LIMITS) -> Run:
    """Make a failed or cancelled run queued again, so that it continues after its last commit.

    Of a `queue`, it is sent after the caller's transaction is committed; without one, it is for `runner.resume`. What
    it did before counts towards its `limits`, which replace those that it was given then.

    Raises:
        InvalidParamsError: limits of an operation that has none.
        OperationError: there is no such run, it is neither failed nor cancelled, or it was refused when it was sent,
            and so does not know what it was asked for; or it is to go to a queue, and this project has no workers.
    """
    if queue:
        broker.check()
    run = named(run_id)
    if run.status == Status.FAILED and not run.attempt:
        raise OperationError(f"run {run_id} was refused before it began ({run.error}): start a new one")
    if run.parent_id:
        raise OperationError(f"run {run_id} is a part of run {run.parent_id}: resume that one")
    if not queue and run.parts.exists():
        raise OperationError(f"run {run_id} was split among workers: resume it with --enqueue or --wait")
    with suppress(UnknownOperationError):  # it may be known to workers alone
        operation = registry.find(run.operation)
        operation.check_resumable()
        operation.check_limits(limits)
    with transaction.atomic():
        if not claims.requeue(run, queue=queue):
            raise OperationError(f"run {run_id} {run.status}: only a failed or cancelled run can be resumed")
        if limits.given():
            concerned = Run.objects.filter(Q(pk=run.pk) | Q(parent=run.pk))
            concerned.update(limits={**run.limits, **limits.given()})
    run.refresh_from_db()
    if queue:
        transaction.on_commit(partial(broker.publish, run))
    return run


def build(  # noqa: PLR0913 - as `record`
    operation: Operation[P],
    params: P,
    *,
    dry_run: bool = False,
    confirm: str = "",
    queue: str = "",
    partitions: int | None = None,
    limits: RunLimits = NO_LIMITS,
    applies: Applied | None = None,
    **columns: Any,
) -> Run:
    """A new run, whose row is not written yet. Raises as `record`."""
    values = params.model_dump(mode="json")
    partitions = operation.partitions if partitions is None else partitions
    _check(operation, values, dry_run=dry_run, partitions=partitions)
    operation.check_limits(limits)
    if applies:
        columns |= {"preview_id": applies.preview.pk, "selection": applies.selection.dump(), "attended": True}
    elif not dry_run:
        operation.check_reviewed(params)
        operation.check_confirmed(params, confirm=confirm)
    confirmed = not (dry_run or applies) and bool(operation.confirmation(params))
    key = None if dry_run else operation.exclusive_key(params)
    _check_length(values, confirm=confirm if confirmed else "", exclusive_key=key or "")
    return Run(
        operation=operation.name, params=values, dry_run=dry_run, confirm=confirm if confirmed else "",
        exclusive_key=key, partitions=partitions if queue else 1, queue=queue, limits=limits.given(), **columns,
    )  # fmt: skip


def _write(new: Sequence[tuple[Run, Sequence[str]]]) -> None:
    """Write new runs, and what each is about."""
    about = [(run.pk, name) for run, names in new for name in names]
    with transaction.atomic() if about or len(new) > MAX_ROWS else nullcontext():
        for start in range(0, len(new), MAX_ROWS):
            try:
                insert([run for run, _ in new[start : start + MAX_ROWS]])
            except IntegrityError as error:
                if ONE_APPLICATION in str(error):
                    raise OperationError("this preview was applied just now") from None
                raise
        subjects.note_each(about)


def _check(operation: Operation[Any], values: Mapping[str, Any], *, dry_run: bool, partitions: int) -> None:
    registry.check(operation)
    operation.check_dry_run(dry_run=dry_run)
    operation.check_partitions(partitions)
    if storable_json(values) != values:
        raise InvalidParamsError("a parameter holds a NUL character, or something else that cannot be recorded")


def _check_length(values: Mapping[str, Any], **texts: str) -> None:
    if (size := len(json.dumps(values))) > MAX_PARAMS:
        raise InvalidParamsError(f"the parameters are {size:,} characters of JSON, at most {MAX_PARAMS:,}: use a file")
    for name, text in texts.items():
        if len(text) > MAX_WORD:
            message = f"the {name} of these parameters has {len(text):,} characters, at most {MAX_WORD}"
            raise InvalidParamsError(message.replace("_", " "))
