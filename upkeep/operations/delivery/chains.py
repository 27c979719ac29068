"""Chains: runs that wait until the one before them has succeeded."""

from functools import partial
from uuid import UUID

from django.db import transaction

from upkeep.operations import broker
from upkeep.operations.delivery.statements import ids
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.states import ENDED, Status

DECIDED = """
    status = 'queued' AND EXISTS (
        SELECT 1 FROM upkeep_operations_run AS before
         WHERE before.id = upkeep_operations_run.follows_id AND before.status NOT IN ('queued', 'running'))
"""
"""A run whose turn has come, or never will."""

FOLLOWERS = "SELECT id FROM upkeep_operations_run WHERE follows_id = %(run)s AND status = 'queued'"


def follow(run_id: UUID) -> None:
    """Send the run that waits for this one, if that succeeded; else cancel the rest of its chain."""
    if not ids(FOLLOWERS, run=run_id):
        return
    with transaction.atomic():
        ended = Run.objects.filter(follows=run_id, status=Status.QUEUED, follows__status__in=ENDED)
        waiting = list(ended.select_related("follows").select_for_update(skip_locked=True, of=("self",)))
        for run in waiting:
            _decide(run)
    for run in waiting:
        follow(run.pk)


def _decide(run: Run) -> None:
    before = run.follows
    if before and before.status != Status.SUCCEEDED:
        error = f"run {before.pk}, before it in its chain, did not succeed: it is {before.status}"
        claims.move(run.pk, Status.QUEUED, Status.CANCELLED, follows=None, error=error)
    elif run.not_before:
        Run.objects.filter(pk=run.pk).update(follows=None)  # a sweep sends it when its time has come
    else:
        Run.objects.filter(pk=run.pk).update(follows=None, sent_at=claims.DatabaseNow())
        transaction.on_commit(partial(broker.publish, run))
