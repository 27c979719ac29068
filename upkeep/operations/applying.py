"""Applying a preview: which runs can be applied, and to what."""

from datetime import timedelta

from django.utils import timezone

from upkeep.conf import conf
from upkeep.operations import version
from upkeep.operations.errors import OperationError
from upkeep.operations.execution import reviews
from upkeep.operations.models import Run, RunDigests
from upkeep.operations.plans import EFFECTS
from upkeep.operations.states import ENDED, RESUMABLE, Status


def check(preview: Run) -> None:
    """Raise OperationError, which says why and what to do, unless the changes of this run can be applied."""
    name = f"run {preview.pk}"
    if not preview.dry_run:
        raise OperationError(f"{name} is not a preview: only what a run with --dry-run showed can be applied")
    if preview.parent_id:
        raise OperationError(f"{name} is a part of run {preview.parent_id}: apply that one")
    if preview.status not in ENDED:
        raise OperationError(f"{name} is still {preview.status}: apply it when it has ended")
    if preview.status != Status.SUCCEEDED:
        raise OperationError(f"{name} {preview.status}, so its changes are not all known: make another preview")
    _check_age(preview)
    _check_version(preview)
    check_unapplied(preview)
    if not any(preview.counts.get(action) for action in EFFECTS):
        raise OperationError(f"{name} shows no change: there is nothing to apply")
    if not RunDigests.objects.filter(reviews.of(preview.pk)).exists():
        raise OperationError(f"{name} holds no digests of its changes: make another preview")


def check_unapplied(preview: Run) -> None:
    """Raise OperationError when the preview was applied, or is being applied. A run that was skipped did not do it."""
    run = preview.applied_by.exclude(status=Status.SKIPPED).first()
    if run:
        resume = f": `manage.py resume_run {run.pk}` continues that" if run.status in RESUMABLE else ""
        raise OperationError(f"run {preview.pk} has been applied by run {run.pk}, which is {run.status}{resume}")


def _check_age(preview: Run) -> None:
    most = timedelta(seconds=conf().PREVIEW_MAX_AGE)
    if preview.finished_at and timezone.now() - preview.finished_at > most:
        ended = timezone.localtime(preview.finished_at)
        name = f"run {preview.pk}, which ended at {ended:%Y-%m-%d %H:%M},"
        raise OperationError(
            f"{name} is too old: a preview can be applied for {most.total_seconds() / 3600:g} hours; make another one"
        )


def _check_version(preview: Run) -> None:
    """The run that applies it is to plan as the preview did."""
    now = version.reviewable()
    versions = {entry["version"] for run in (preview, *preview.parts.all()) for entry in run.versions}
    if not now or not preview.reviewable:
        whose = "this code" if not now else "the preview's code"
        raise OperationError(f"{whose} has no version, or uncommitted edits: commit them, then make another preview")
    if len(versions) > 1 or preview.reviewable != now:
        raise OperationError(
            f"run {preview.pk} is of version {preview.reviewable}, this is {now}: make another preview"
        )
