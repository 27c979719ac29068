"""Whether what a preview showed may be carried out now, and by whom."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from upkeep.conf import conf
from upkeep.operations import registry
from upkeep.operations.definition import Operation
from upkeep.operations.errors import InvalidParamsError, OperationError
from upkeep.operations.execution.digests import Selection
from upkeep.operations.execution.previews import are_kept
from upkeep.operations.models import Run
from upkeep.operations.params import Params
from upkeep.operations.plans import EFFECTS
from upkeep.operations.states import ENDED, RESUMABLE, Status
from upkeep.operations.submission import Applied
from upkeep.operations.version import exact_version

ANOTHER = "make a new one with --dry-run"


def check(preview: Run, selection: Selection, *, approver: str) -> tuple[Operation[Any], Params, Applied]:
    """The operation and the params of a run that applies what was selected of a preview, for `submission`.

    `approver` is who looked at it: a login, or on the command line the system user.

    Raises:
        InvalidParamsError: the preview holds no change of one of these keys.
        OperationError: it is no preview, has not succeeded, was applied, is too old, is of another version of the code,
            would change nothing, or is the approver's own where two have to look.
    """
    _check_kind(preview)
    _check_age(preview)
    _check_version(preview)
    operation = registry.find(preview.operation)
    if not operation.has_limits:
        raise OperationError(f"what {operation.name} would do is not recorded item by item: it cannot be applied")
    params = operation.parse(preview.params)
    if operation.needs_review(params) and approver in makers(preview):
        raise OperationError(f"{approver} made preview {preview.pk}: somebody else has to apply it")
    _check_selection(preview, selection)
    return operation, params, Applied(preview, selection)


def makers(run: Run) -> set[str]:
    """Who started a run: the system user of the command line, the login, or both."""
    return {run.system_user, run.user.get_username() if run.user else ""} - {""}


def application(preview_id: UUID) -> Run | None:
    """The run that applied a preview, if any did."""
    applied = Run.objects.filter(preview=preview_id, parent=None).exclude(status=Status.SKIPPED)
    return applied.exclude(status=Status.FAILED, attempt=0).first()  # that was refused, and cannot be resumed


def _check_kind(preview: Run) -> None:
    if not preview.dry_run:
        raise OperationError(f"run {preview.pk} is no preview: it was not started with --dry-run")
    if preview.parent_id:
        raise OperationError(f"run {preview.pk} is a part of preview {preview.parent_id}: apply that one")
    if preview.status in (Status.QUEUED, Status.RUNNING):
        raise OperationError(f"preview {preview.pk} is still {preview.status}: apply it once it has succeeded")
    if preview.status != Status.SUCCEEDED:
        raise OperationError(f"preview {preview.pk} {_is(preview)}: only one that succeeded can be applied")
    if applied := application(preview.pk):
        instead = f"`resume_run {applied.pk}` continues it" if applied.status in RESUMABLE else ANOTHER
        raise OperationError(f"preview {preview.pk} was applied by run {applied.pk}, which {_is(applied)}: {instead}")


def _check_age(preview: Run) -> None:
    age = (timezone.now() - (preview.finished_at or preview.created_at)).total_seconds()
    if age > conf().PREVIEW_MAX_AGE:
        hours = conf().PREVIEW_MAX_AGE / 3600
        raise OperationError(f"preview {preview.pk} is {age / 3600:.1f} hours old, at most {hours:g}: {ANOTHER}")


def _check_version(preview: Run) -> None:
    versions = {preview.plan_version, *(entry["version"] for entry in preview.versions)}
    if not preview.plan_version:
        changed = "made by code that is no version: it has changes that are not committed"
        raise OperationError(
            f'preview {preview.pk} was {changed}, or no git and no UPKEEP["VERSION"] tells which it is'
        )
    if versions != {exact_version()}:
        now = exact_version() or "no version, as it has changes that are not committed"
        raise OperationError(
            f"preview {preview.pk} was made by version {preview.plan_version}, this is {now}: {ANOTHER}"
        )


def _check_selection(preview: Run, selection: Selection) -> None:
    if not any(preview.counts.get(action) for action in EFFECTS):
        raise OperationError(f"preview {preview.pk} would change nothing: there is nothing to apply")
    for key, is_kept in are_kept(preview.pk, [*selection.only, *selection.without]).items():
        if not is_kept:
            looking = f"`show_run {preview.pk} --changes --json` lists them"
            raise InvalidParamsError(f"preview {preview.pk} has no change with the key {key!r}: {looking}")


def _is(run: Run) -> str:
    """What became of it, for a sentence."""
    ended = {Status.SUCCEEDED: "succeeded", Status.FAILED: "failed"}
    return ended.get(Status(run.status), f"{'was' if run.status in ENDED else 'is'} {run.status}")
