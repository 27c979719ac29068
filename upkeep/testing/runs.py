"""Running an operation in the process of a test, and losing it in the middle."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connection

from upkeep.operations import runner, submission
from upkeep.operations.definition import Operation
from upkeep.operations.execution.progress import Unwatched
from upkeep.operations.leases import claims, losses
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.params import Params
from upkeep.operations.plans import Change
from upkeep.operations.states import Status

P = TypeVar("P", bound=Params)


class Killed(BaseException):
    """What ends an operation as SIGKILL would: nothing of Upkeep handles it, so nothing is written any more.

    Other than after a true SIGKILL, `finally` and `with` of the operation are carried out.
    """


def run(operation: Operation[P], params: P, *, dry_run: bool = False) -> Outcome:
    """Run the operation here and now; if it needs a confirmation, that is given.

    Raises what the operation raises, and AlreadyRunningError when another run holds its exclusive key.
    """
    confirm = "" if dry_run else operation.confirmation(params) or ""
    return runner.execute(operation, params, dry_run=dry_run, confirm=confirm, origin="test")


def kill(operation: Operation[P], params: P, *, commits: int, within: bool = False) -> Run:
    """Run the operation as a worker does, and lose it after this many of its batches were committed.

    With `within` it is lost inside the transaction of the batch after those, which is then rolled back. An operation
    that ends before is not killed: look at the run's status.

    Returns:
        The run, as its process left it: `running`, with what was committed.
    """
    confirm = operation.confirmation(params) or ""
    made = submission.record(
        operation,
        params,
        confirm=confirm,
        queue=operation.queue,
        origin="test",
        partitions=1,
        sent_at=datetime.now(UTC),
    )  # in parts, it would leave all work to other processes
    attempt = claims.claim(made.pk)
    if attempt is None:
        raise AssertionError(f"run {made.pk} was taken by a worker: tests have a database of their own")
    writes = _Writes(commits)
    try:
        if within:
            with connection.execute_wrapper(writes.interrupt):
                runner.carry_out(made.pk, attempt, raises=True)
        else:
            runner.carry_out(made.pk, attempt, progress=_Last(commits), raises=True)
    except Killed:
        pass
    return Run.objects.get(pk=made.pk)


def resume(run: Run) -> Outcome:
    """Continue a run that was killed, as another worker does that takes it over.

    Raises:
        ValueError: it was not killed.
    """
    if run.status != Status.RUNNING:
        raise ValueError(f"run {run.pk} {run.status}: only a run that was killed can be taken over")
    losses.release_of(claims.executor(os.getpid()), cause="it was killed")
    Run.objects.filter(pk=run.pk).update(not_before=None)  # the wait after several losses is not the test's
    attempt = claims.claim(run.pk)
    if attempt is None:
        raise AssertionError(f"run {run.pk} cannot be taken over: {Run.objects.get(pk=run.pk).error}")
    return runner.carry_out(run.pk, attempt, raises=True)


class _Last(Unwatched):
    """Sees each commit, and lets that be the last."""

    def __init__(self, commits: int) -> None:
        self._left = commits

    def changed(self, _changes: Sequence[Change]) -> None:
        self._left -= 1
        if self._left <= 0:
            raise Killed


class _Writes:
    """Counts the statements that write a run's progress, each inside the transaction of its batch."""

    def __init__(self, commits: int) -> None:
        self._left = commits

    def interrupt(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        """Pass a statement on, unless the process is to be lost at it."""
        if sql.startswith('UPDATE "upkeep_operations_run"') and '"commits" = ' in sql.partition("WHERE")[0]:
            self._left -= 1
            if self._left < 0:
                raise Killed
        return execute(sql, params, many, context)
