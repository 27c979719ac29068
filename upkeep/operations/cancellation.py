"""Asking a run to stop."""

from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from upkeep.operations.execution import parts
from upkeep.operations.leases.claims import DatabaseNow
from upkeep.operations.models import Run, RunFile
from upkeep.operations.states import Status


def cancel(run_id: UUID, *, killed: bool = False) -> Status | None:
    """Ask a run to stop: a queued one is cancelled at once, a running one as soon as its executor sees it.

    One whose executor was `killed` is cancelled at once, too. Its parts are asked as well.

    Returns:
        The status it has now; None when there is no such run.
    """
    unattended = Q(status=Status.QUEUED) | (Q(pk=run_id) if killed else Q(pk__in=[]))
    with transaction.atomic():
        Run.objects.select_for_update().filter(pk=run_id).first()  # one that is being split has its parts afterwards
        # One statement: a run that changes hands between two would lose the request.
        concerned = Run.objects.filter(Q(pk=run_id) | Q(parent=run_id))
        concerned.filter(status__in=[Status.QUEUED, Status.RUNNING]).update(
            cancel_at=Coalesce("cancel_at", DatabaseNow()),
            finished_at=Case(When(unattended, then=DatabaseNow())),
            lease_until=Case(When(unattended, then=None), default=F("lease_until")),
            status=Case(When(unattended, then=Value(Status.CANCELLED)), default=F("status")),
        )
        RunFile.objects.filter(run=run_id, run__status=Status.CANCELLED).delete()
    parts.settle(run_id)
    status = Run.objects.filter(pk=run_id).values_list("status", flat=True).first()
    return Status(status) if status else None
