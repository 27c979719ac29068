"""Sending runs to workers: the row first, in the caller's transaction; the message once that is committed."""

from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from backend.operations import files, runner
from backend.operations.claims import DatabaseNow, move
from backend.operations.declaration import Operation
from backend.operations.errors import OperationError
from backend.operations.models import Run
from backend.operations.params import Params
from backend.operations.states import RESUMABLE, Status

P = TypeVar("P", bound=Params)


class Publish(Protocol):
    """What `settings.OPERATIONS_PUBLISH` names."""

    def __call__(self, run: Run) -> bool:
        """Hand the run's message to the broker; False when the broker cannot be reached."""


def enqueue(  # noqa: PLR0913 - how to run, beside what
    operation: Operation[P],
    params: P,
    *,
    dry_run: bool = False,
    confirm: str = "",
    origin: str = "",
    user: Any = None,
) -> Run:
    """Record a run and send it to a worker after the caller's transaction is committed.

    With the broker down the run stays queued, with `sent_at` empty.

    Raises:
        InvalidParamsError, UnconfirmedError: see `runner.record`.
        OperationError: a file of the params cannot be sent.
    """
    with transaction.atomic():
        run = runner.record(
            operation, params, dry_run=dry_run, confirm=confirm, queue=operation.queue, origin=origin, user=user
        )
        stored = files.store(run.pk, params)
        if stored is not params:
            run.params = stored.model_dump(mode="json")
            run.save(update_fields=["params"])
        transaction.on_commit(partial(publish, run))
    return run


def publish(run: Run) -> bool:
    """Send a queued run's message; False when the broker cannot be reached."""
    send: Publish = import_string(settings.OPERATIONS_PUBLISH)
    return send(run)


def publish_next(key: str) -> None:
    """Send the oldest queued run that waits for this exclusive key, now that it is free."""
    waiting = (
        Run.objects.filter(exclusive_key=key, status=Status.QUEUED).exclude(queue="").order_by("created_at").first()
    )
    if waiting:
        publish(waiting)


def named(run_id: UUID) -> Run:
    """The run of this id. Raises OperationError when there is none."""
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        raise OperationError(f"no run {run_id}")
    return run


def requeue(run_id: UUID, *, queue: str) -> Run:
    """Make a failed or cancelled run queued again, so that it goes on after its last commit.

    Raises:
        OperationError: there is no such run, or it is neither failed nor cancelled.
    """
    run = named(run_id)
    anew = {"cancel_at": None, "sent_at": None, "error": "", "queue": queue, "losses": 0, "not_before": DatabaseNow()}
    if Status(run.status) not in RESUMABLE or not move(run_id, Status(run.status), Status.QUEUED, **anew):
        raise OperationError(f"run {run_id} {run.status}: only a failed or cancelled run can be resumed")
    run.refresh_from_db()
    return run
