"""Operations that do what a test says, and a way to run them to their end whatever that is."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from tests.operations.dvds import RefusalError
from upkeep.operations import runner, submission
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.definition import Operation
from upkeep.operations.execution.progress import Progress
from upkeep.operations.leases import claims
from upkeep.operations.limits import Limits
from upkeep.operations.models import Run
from upkeep.operations.params import Params

Body = Callable[[RunContext], None]


class Nothing(Params):
    pass


class Stage:
    """What the next runs do."""

    body: Body
    limits: Limits | None = None
    """Of the limited ones."""


stage = Stage()


@operation("testing.scripted", errors=(RefusalError,))
def scripted(params: Nothing, run: RunContext) -> None:  # noqa: ARG001 - every operation has params
    """Do what the test says."""
    stage.body(run)


@operation("testing.scripted_halves", partitions=2)
def scripted_halves(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Do what the test says, in two parts."""
    stage.body(run)


@operation("testing.scripted_alone", exclusive="testing:alone", aliases=("testing.scripted_by_itself",))
def scripted_alone(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Do what the test says, one at a time."""
    stage.body(run)


@operation("testing.scripted_result", prints="result", errors=(RefusalError,))
def scripted_result(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Do what the test says, for a program that reads it."""
    stage.body(run)


class Keyed(Params):
    key: str
    """The exclusive key; with `broken`, the run cannot be recorded."""


def _key(params: Keyed) -> str:
    if params.key == "broken":
        raise LookupError("no such key")
    return params.key


@operation("testing.keyed", exclusive=_key)
def keyed(params: Keyed, run: RunContext) -> None:
    """Do nothing, one at a time."""


@operation("testing.scripted_parts", partitions=3, exclusive="testing:parts")
def scripted_parts(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Do what the test says, shared among workers."""
    stage.body(run)


@operation("testing.scripted_limited", confirm="yes", errors=(RefusalError,), limits=lambda _params: stage.limits)
def scripted_limited(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Do what the test says, within its limits."""
    stage.body(run)


@operation("testing.scripted_limited_parts", partitions=3, limits=lambda _params: stage.limits)
def scripted_limited_parts(params: Nothing, run: RunContext) -> None:  # noqa: ARG001
    """Do what the test says, shared among workers, within its limits."""
    stage.body(run)


def recorded(body: Body, *, what: Operation[Any] = scripted, **columns: Any) -> Run:
    """A queued run that will do that."""
    stage.body = body
    return submission.record(what, Nothing(), **{"queue": "default", **columns})


def claimed(body: Body, *, what: Operation[Any] = scripted, **columns: Any) -> Run:
    """A run of this process that will do that."""
    run = recorded(body, what=what, **columns)
    assert claims.claim(run.pk)
    return reread(run)


def played(body: Body, *, progress: Progress | None = None, **columns: Any) -> Run:
    """A run that has done that, or whose end it was."""
    run = claimed(body, **columns)
    runner.carry_out(run.pk, run.attempt, progress=progress)
    return reread(run)


def resumed(run: Run, body: Body | None = None) -> Run:
    """The run, taken up again, now doing that."""
    stage.body = body or stage.body
    assert claims.requeue(reread(run), queue=run.queue)
    return claimed_again(run)


def rewind(run_id: UUID | str, **columns: Any) -> None:
    """Let a run that has ended be as a process that was killed just before would have left it.

    No transition leads there, so the database does not refuse this one.
    """
    table, trigger = Run._meta.db_table, "upkeep_run_status_transition"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks that are still to be made is not altered
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        Run.objects.filter(pk=run_id).update(finished_at=None, **columns)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def claimed_again(run: Run) -> Run:
    """The queued run, carried out."""
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    return reread(run)


def reread(run: Run) -> Run:
    """What the database knows of it."""
    return Run.objects.get(pk=run.pk)
