"""An operation as a Celery task. The run's row is the truth; the message only says that there is one."""

import logging
from functools import partial
from typing import Any

from celery import Celery, Task
from celery.exceptions import Ignore
from celery.result import AsyncResult, EagerResult
from celery.states import FAILURE
from django.db import close_old_connections, connection, transaction

from upkeep.operations import broker, registry, runner
from upkeep.operations.definition import Operation
from upkeep.operations.delivery import chains, resending
from upkeep.operations.errors import AlreadyRunningError, InvalidParamsError, NotConfiguredError, OperationError
from upkeep.operations.execution import parts
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.params import HOW
from upkeep.operations.states import ENDED, Status
from upkeep.worker import canvas, handover, options, receipt
from upkeep.worker.results import RunBackend

logger = logging.getLogger(__name__)


class OperationTask(Task):  # type: ignore[misc]  # Celery has no annotations
    """Sends and carries out the runs of one operation."""

    operation: Operation[Any]
    typing = False
    Request = "upkeep.worker.request:RunRequest"
    throws = (OperationError,)
    serializer = "json"
    acks_late = False  # the row is the truth: the broker need not keep the message until the run's end
    reject_on_worker_lost = False
    track_started = True
    ignore_result = False

    def apply_async(self, args: Any = None, kwargs: Any = None, task_id: Any = None, **given: Any) -> AsyncResult:
        """Record a run, and send it once the caller's transaction is committed.

        `dry_run`, `confirm` and `partitions` may stand in `kwargs` or beside them. Invalid values, and keys that
        neither the operation nor Celery knows, make a failed run, which is not sent. A `task_id` that is not a UUID, or
        is another run's, is replaced; Celery's options that have no say here are left out, see `options`.
        """
        if not connection.in_atomic_block:
            close_old_connections()  # Beat and Flower live long, and have no requests to do that
        origin = receipt.origin_of(given.get("headers"), task_id)
        run = receipt.accept_as(task_id, self.operation, args, kwargs, given=given, origin=origin)
        if run.status == Status.QUEUED and run.sent_at:
            transaction.on_commit(partial(_publish, run, **options.sending(given)))
        return self.AsyncResult(str(run.pk))

    def apply(self, args: Any = None, kwargs: Any = None, **given: Any) -> EagerResult:
        """Carry it out in this process, as Celery does; what is invalid makes a failed run here, too."""
        try:
            values = options.joined(self.operation, kwargs, given)
        except InvalidParamsError as error:
            run = receipt.accept_as(
                given.get("task_id"), self.operation, args, kwargs, given=given, origin=receipt.origin_of(None)
            )
            if given.get("throw"):
                raise
            return EagerResult(str(run.pk), error, FAILURE)
        return super().apply(args, values, **{name: value for name, value in given.items() if name not in HOW})

    def send(self, run: Run, **sending: Any) -> None:
        """Hand the run's message to the broker. Raises kombu's OperationalError when it cannot be reached."""
        expires = {"expires": run.expires_at} if run.expires_at and not run.attempt else {}
        super().apply_async(
            kwargs=receipt.message(run),
            task_id=str(run.pk),
            queue=run.queue,
            headers=receipt.signed(run),
            **expires,
            **sending,
        )

    def run(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Carry out the run that the message names, or record one for a message that was sent past `apply_async`."""
        given = {**options.in_message(self.request.properties), **canvas.take_from(self.request)}
        headers = self.request.headers
        run = receipt.received(self.operation, self.request.id, args, kwargs, given=given, headers=headers)
        if run is None:
            logger.warning("run %s was deleted: its message is dropped", self.request.id)
            raise Ignore
        if run.status == Status.FAILED and not run.attempt:
            raise OperationError(run.error)
        if run.status == Status.QUEUED:
            self._check_configured(run)
        try:
            attempt = claims.claim(run.pk) if run.status == Status.QUEUED else None
        except AlreadyRunningError as error:
            self._wait_for_turn(run, error)
            raise Ignore from None
        if attempt is None:
            raise Ignore
        outcome = runner.carry_out(run.pk, attempt, hand_over=handover.requested, pooled=handover.is_pooled())
        if run.exclusive_key and outcome.status in ENDED:
            resending.send_next(run.exclusive_key)
        if outcome.status in ENDED:
            _continue_others(run)
        return self._answer(outcome, run)

    def _check_configured(self, run: Run) -> None:
        """A run of Beat for which a setting is missing is skipped, unless it has done something; others fail."""
        skipped = run.origin.startswith(receipt.BEAT) and not run.attempt
        try:
            runner.refuse_unconfigured(run, otherwise=Status.SKIPPED if skipped else Status.FAILED)
        except NotConfiguredError:
            _continue_others(run)
            if skipped:
                raise Ignore from None
            raise

    def _wait_for_turn(self, run: Run, error: AlreadyRunningError) -> None:
        """A run of Beat is skipped, unless it has done something; others are sent again when the key is free."""
        if run.origin.startswith(receipt.BEAT) and not run.attempt:
            claims.move(run.pk, Status.QUEUED, Status.SKIPPED, error=str(error))
        else:
            broker.mark_unsent(run)

    def _answer(self, outcome: Outcome, run: Run) -> dict[str, Any]:
        if outcome.status is Status.FAILED:
            raise OperationError(outcome.error)
        if outcome.status is Status.QUEUED:
            broker.publish(Run.objects.get(pk=run.pk))  # what has begun does not expire any more
        if outcome.status is Status.CANCELLED:
            self.send_event("task-revoked", terminated=True, signum=None, expired=False)
        if outcome.status is not Status.SUCCEEDED:
            raise Ignore
        return outcome.as_json()


def _publish(run: Run, **sending: Any) -> None:
    if not broker.publish(run, **sending):
        logger.warning("run %s stays queued: the broker cannot be reached", run.pk)


def _continue_others(run: Run) -> None:
    """Let the runs continue that wait for the end of this one: the next of its chain, and the one it is a part of."""
    chains.follow(run.pk)
    if run.parent_id:
        parts.settle(run.parent_id)


def register(sender: Celery, **_kwargs: Any) -> None:
    """Make every operation, under its name and its earlier ones, a task of the app `sender`."""
    backend = RunBackend(app=sender)  # whatever the project's other tasks have
    for operation in registry.operations():
        for name in (operation.name, *operation.aliases):
            attributes = {"name": name, "operation": operation, "__doc__": operation.description}
            task = sender.register_task(type("OperationTask", (OperationTask,), attributes)())
            task.backend = backend
