"""The one way to run an operation, however it is started: claim its run, execute it, record how it ended."""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connection, transaction

from upkeep.operations import comparison, gate, registry, rows, submission
from upkeep.operations.context import RunContext
from upkeep.operations.definition import Operation
from upkeep.operations.errors import (
    AlreadyRunningError,
    Divided,
    HandOver,
    InvalidParamsError,
    LostClaim,
    NotConfiguredError,
    OperationError,
    Overtime,
    PartDone,
)
from upkeep.operations.execution import closing
from upkeep.operations.execution.digests import UNAPPROVED
from upkeep.operations.execution.failures import explanation
from upkeep.operations.execution.guard import Guard
from upkeep.operations.execution.ledger import CountingLedger, Ledger
from upkeep.operations.execution.previews import Approval
from upkeep.operations.execution.progress import Progress, Unwatched
from upkeep.operations.execution.stopping import Control
from upkeep.operations.execution.writer import StepWriter
from upkeep.operations.leases import claims, connections, losses
from upkeep.operations.limits import LimitExceededError, Limits, RunLimits
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.params import Params
from upkeep.operations.states import Status
from upkeep.operations.storable import storable
from upkeep.operations.version import exact_version

logger = logging.getLogger(__name__)
P = TypeVar("P", bound=Params)
NOT_CONFIGURED = "not_configured"
"""How the error of such a run begins."""
STATUS_AFTER = {HandOver: Status.QUEUED, Overtime: Status.QUEUED, Divided: Status.RUNNING, PartDone: Status.SUCCEEDED}
"""What becomes of a run that its operation did not go through to the end."""


def execute(  # noqa: PLR0913 - how to run, beside what
    operation: Operation[P],
    params: P,
    *,
    dry_run: bool = False,
    confirm: str = "",
    attended: bool = False,
    origin: str = "",
    progress: Progress | None = None,
    user: Any = None,
    system_user: str = "",
    limits: RunLimits = submission.NO_LIMITS,
    applies: submission.Applied | None = None,
    raises: bool = True,
) -> Outcome:
    """Run an operation here and now.

    With `raises` off, what the operation raised only shows in the outcome of the run, which is recorded as failed.

    Raises:
        AlreadyRunningError: another run holds its exclusive key; this one is recorded as skipped.
        InvalidParamsError, UnconfirmedError: see `submission.record`.
        NotConfiguredError: this process lacks a setting; nothing is recorded.
        Exception: what the operation raised; the run is recorded as failed.
    """
    operation.check_configured(params)
    run = submission.record(
        operation,
        params,
        dry_run=dry_run,
        confirm=confirm,
        attended=attended,
        origin=origin,
        user=user,
        system_user=system_user,
        limits=limits,
        applies=applies,
    )
    attempt = _claim(run.pk, otherwise=Status.SKIPPED)
    return carry_out(run.pk, attempt, progress=progress, foreground=True, raises=raises)


def resume(run_id: UUID, *, progress: Progress | None = None, raises: bool = True) -> Outcome:
    """Carry a run out here and now that `submission.requeue` has made queued again.

    Raises:
        AlreadyRunningError: another run holds its exclusive key; this one is cancelled, and can be resumed again.
        NotConfiguredError: this process lacks a setting; it has failed, and can be resumed again.
        OperationError: another process has taken it meanwhile.
        Exception: see `execute`.
    """
    refuse_unconfigured(Run.objects.get(pk=run_id), otherwise=Status.FAILED)
    attempt = _claim(run_id, otherwise=Status.CANCELLED)
    return carry_out(run_id, attempt, progress=progress, foreground=True, raises=raises)


def refuse_unconfigured(run: Run, *, otherwise: Status) -> None:
    """Let a queued run become `otherwise`, and raise NotConfiguredError, when this process lacks a setting for it."""
    try:
        operation = registry.find(run.operation)
        operation.check_configured(operation.parse(run.params))
    except InvalidParamsError:  # which carrying it out reports
        return
    except NotConfiguredError as error:
        claims.move(run.pk, Status.QUEUED, otherwise, error=f"{NOT_CONFIGURED}: {error.reason}")
        raise
    except Exception as error:  # it stayed queued else, and would be sent again and again
        claims.move(run.pk, Status.QUEUED, Status.FAILED, error=error_line(error, run.operation))
        raise


def carry_out(  # noqa: PLR0913 - how to run, beside what
    run_id: UUID,
    attempt: int,
    *,
    progress: Progress | None = None,
    foreground: bool = False,
    raises: bool = False,
    hand_over: Callable[[], bool] = lambda: False,
    pooled: bool = True,
) -> Outcome:
    """Do the work of a run that this process has claimed, and record how it ended.

    Args:
        run_id: the run.
        attempt: what `claims.claim` returned.
        progress: shows how it goes.
        foreground: Ctrl-C and SIGTERM cancel the run.
        raises: what the operation raises is raised again once it is recorded.
        hand_over: asked between two batches whether the run is to go back to the queue.
        pooled: a SIGTERM is meant for this run alone, and hands it over, too.
    """
    ending, borrowed = None, connection.in_atomic_block
    try:
        while True:
            try:
                run = claims.held(run_id, attempt)
                ledger = Ledger(run, progress or Unwatched())
                control = Control(run, hand_over=hand_over, pooled=pooled)
                with connections.labelled(run):
                    ending = ending or _perform(run, ledger, control, foreground=foreground)
                    ending.record(ledger, run)
                break
            except DatabaseError as passing:
                attempt = _claim_again(run_id, attempt, passing, borrowed=borrowed)
                ending = None if ending and ending.status is Status.SUCCEEDED else ending  # its last counts are gone
    except LostClaim:
        logger.warning("run %s was taken over by another executor; this one stopped without writing", run_id)
    except Exception as error:
        if connections.is_passing(error) or connection.needs_rollback:
            raise
        connections.discard(borrowed=borrowed)
        ending = _give_up(run_id, attempt, error)
    if ending and ending.error and raises:
        raise ending.error
    return Outcome.of(rows.get(run_id))


def error_line(error: BaseException, name: str) -> str:
    """An exception of the operation `name` in one line for people; an unexpected one is named."""
    text = explanation(error)
    return text if is_expected(error, name) else f"{type(error).__name__}: {text}"


def is_expected(error: BaseException, name: str) -> bool:
    """Whether the exception's message is meant for people, as the operation of this name declares."""
    if isinstance(error, (OperationError, ImproperlyConfigured, OSError)):
        return True
    return isinstance(error, registry.find(name).errors)


class Ending(NamedTuple):
    """How an attempt ended, and what it failed by."""

    status: Status
    error: Exception | None = None
    overtime: bool = False

    def record(self, ledger: Ledger, run: Run) -> None:
        """Record it, with its error in one line, unless the run waits for its parts."""
        if self.status is Status.SUCCEEDED and not ledger.part:
            _succeed(run, ledger)
        elif self.status is not Status.RUNNING:
            error = error_line(self.error, run.operation) if self.error else ""
            ledger.close(self.status, error, overtime=self.overtime)


def _succeed(run: Run, ledger: Ledger) -> None:
    """Record that the run has succeeded, with what is unusual about it. Raises LostClaim."""
    operation = registry.find(run.operation)
    found = comparison.judged(run, operation, ledger.counts)
    left = ledger.counts["failed"] or UNAPPROVED & ledger.counts.reasons.get("skipped", {}).keys()
    completes = operation.once and not run.dry_run and not left
    with transaction.atomic() if found or completes else nullcontext():
        ledger.close(Status.SUCCEEDED)
        if found:
            Run.objects.filter(pk=run.pk).update(unusual=found)
        if completes:
            gate.complete(operation, run)


def _claim(run_id: UUID, *, otherwise: Status) -> int:
    """Claim a queued run for this process; returns the attempt.

    Raises:
        AlreadyRunningError: another run holds its exclusive key; this one becomes `otherwise`.
        OperationError: another process has it.
    """
    try:
        attempt = claims.claim(run_id)
    except AlreadyRunningError as error:
        claims.move(run_id, Status.QUEUED, otherwise, error=str(error))
        raise
    if attempt is None:
        raise OperationError(f"run {run_id} was taken over by another process just now")
    return attempt


def _claim_again(run_id: UUID, attempt: int, passing: DatabaseError, *, borrowed: bool) -> int:
    """Claim the run again after a failure of the database, to continue after its last commit; returns the attempt.

    Raises LostClaim, and `passing` when it will not pass: the database does not come back, or a caller's transaction,
    from which the connection is `borrowed`, is broken.
    """
    if borrowed or not connections.is_passing(passing):
        raise passing
    logger.warning("run %s was interrupted by the database (%s): it continues", run_id, explanation(passing))
    again = connections.persistently(lambda: claims.claim_again(run_id, attempt), passing)
    if again is None:
        raise LostClaim(str(run_id))
    return again


def _give_up(run_id: UUID, attempt: int, error: Exception) -> Ending:
    """Let a run fail whose end could not be recorded: of its progress, what was committed counts."""
    logger.error("the end of run %s could not be recorded", run_id, exc_info=error)
    text = f"its end could not be recorded: {type(error).__name__}: {explanation(error)}"
    with suppress(LostClaim):
        claims.release(run_id, attempt, Status.FAILED, storable(text))
    return Ending(Status.FAILED, error)


def _perform(run: Run, ledger: Ledger, control: Control, *, foreground: bool) -> Ending:
    """Perform the operation; returns how it ended. Raises LostClaim, and a DatabaseError that will pass."""
    borrowed = connection.in_atomic_block
    try:
        _call(run, ledger, control, foreground=foreground)
    except (HandOver, Divided, PartDone) as end:
        return Ending(STATUS_AFTER[type(end)], overtime=control.overtime)
    except KeyboardInterrupt:
        connections.discard(borrowed=borrowed)
        return Ending(Status.CANCELLED)
    except Exception as error:  # the one place where any failure of an operation becomes a failed run
        passing = not borrowed and connections.is_passing(error)
        connections.discard(borrowed=borrowed)
        if control.interrupted:  # within a commit: Django then fails to leave its transaction
            return Ending(Status.CANCELLED)
        if passing and (ledger.progressed or not losses.is_last(run.losses)):
            raise connections.DatabaseInterruptedError(explanation(error)) from error
        if passing:
            times = f"{losses.MAX_LOSSES} times in a row without a commit between them"
            return Ending(Status.FAILED, OperationError(f"the database interrupted it {times}: {explanation(error)}"))
        if not is_expected(error, run.operation):
            level = logging.INFO if foreground else logging.ERROR  # the command's caller gets one line
            logger.log(level, "run %s of %s failed by an unexpected error", run.pk, run.operation, exc_info=True)
        return Ending(Status.FAILED, error)
    return Ending(Status.SUCCEEDED)


@contextmanager
def _unburdened() -> Iterator[None]:
    """While the body runs, the garbage collector passes over what was there before: all code, models and settings."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _call(run: Run, ledger: Ledger, control: Control, *, foreground: bool) -> None:
    operation = registry.find(run.operation)
    if done := gate.completed(operation):
        ledger.report.append(f"done in this database already, on {done.at:%Y-%m-%d} by run {done.run}")
        return
    params = operation.parse(run.params)
    if operation.read_only:
        for name in ledger.steps:  # what an earlier attempt saw is gone with it
            ledger.restart(name)
        ledger.steps.clear()
    ledger.plan_version = exact_version() if run.dry_run and not run.parent_id else ""
    with control.watched(foreground=foreground), _unburdened():
        limits, given = operation.limits_of(params, attended=run.attended), RunLimits.parse(run.limits)
        guard = Guard(ledger, limits, given=given, dry_run=run.dry_run)
        approval = Approval.of(run)
        writer = StepWriter("", ledger, guard, dry_run=run.dry_run, errors=operation.errors, approval=approval)
        context = RunContext(writer, control)
        try:
            if limits and limits.before_first and not run.dry_run and not ledger.part:
                _count(run, ledger, control, limits, given)
            operation.function(params, context)
        except LimitExceededError as error:  # which the step did not isolate: the run ends
            writer.of(error.step).fail(error)
            raise
        closing.check_part(ledger)
        closing.check_steps(ledger)
        if approval:
            closing.count_gone(ledger, approval)
        if run.dry_run and not ledger.part:
            closing.report_limits(ledger, guard, asks=bool(operation.confirmation(params)))


def _count(run: Run, ledger: Ledger, control: Control, limits: Limits, given: RunLimits) -> None:
    """Count what the run would come to, before anything is touched. Raises LimitExceededError."""
    operation = registry.find(run.operation)
    counted = CountingLedger(run, ledger.progress)
    guard = Guard(counted, limits, given=given, dry_run=True)
    writer = StepWriter("", counted, guard, dry_run=True)
    operation.function(operation.parse(run.params), RunContext(writer, control))
    for error in guard.errors():
        raise error
    for name, step in counted.steps.items():
        ledger.update(name, of=step.counts.processed)
