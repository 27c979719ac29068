"""A long step, split by its keys among runs of their own. The run that was split waits for them and holds no worker."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from upkeep.operations import broker, subjects
from upkeep.operations.counts import Counts
from upkeep.operations.execution import shares
from upkeep.operations.execution.ledger import Ledger, Reached, StepState
from upkeep.operations.execution.shares import Part
from upkeep.operations.leases import claims
from upkeep.operations.limits import LIMIT_EXCEEDED
from upkeep.operations.models import Run
from upkeep.operations.states import ENDED, Status
from upkeep.operations.storable import storable_json

Steps = dict[str, StepState]
CHANGES = ("changes_recorded", "changes_left_out")
DONE = """
    status = 'running' AND lease_until IS NULL AND NOT EXISTS (
        SELECT 1 FROM upkeep_operations_run AS part
         WHERE part.parent_id = upkeep_operations_run.id AND part.status IN ('queued', 'running'))
"""
"""A run that waits for its parts, which have all ended."""


def split(ledger: Ledger, step: str, source: "QuerySet[Any, Any]", *, limit: int | None) -> bool:
    """Share what is left of a step among runs of their own, and let this one wait for them.

    When it was split before, those parts that failed or were cancelled go on. False when there is nothing to share.

    Raises:
        LostClaim, RunInterrupted: see `claims.lock`.
    """
    cursor = ledger.steps[step].cursor
    ledger.flush()
    with transaction.atomic():
        claims.lock(ledger.run_id, ledger.attempt)  # the run's row before those of its parts, as `cancellation` does
        parts = list(Run.objects.select_for_update().filter(parent=ledger.run_id, part__step=step))
        if not parts:
            parts = _created(ledger, shares.of(source, step, after=cursor, limit=limit, number=ledger.partitions))
        if not parts:
            return False
        claims.park(ledger.run_id, ledger.attempt)
        for part in parts:
            claims.requeue(part, queue=part.queue)
        transaction.on_commit(lambda: _publish(ledger.run_id))
    return True


def settle(run_id: UUID) -> None:
    """Update a run that waits for its parts to their sum; when all have ended, let it continue, or end as they did."""
    with transaction.atomic():
        waiting = Run.objects.select_for_update().filter(pk=run_id, status=Status.RUNNING, lease_until=None)
        run = waiting.first()
        if run is None:
            return
        parts, steps = _open_parts(run), total(run)
        counts = sum((step.counts for step in steps.values()), Counts())
        run.counts, run.reasons = counts.as_json(), storable_json(counts.dump()["reasons"])
        run.save(update_fields=["counts", "reasons"])
        if all(part.status in ENDED for part in parts):
            _go_on(run, parts, steps)


def total(run: Run) -> Steps:
    """Where each step of a run stands, with what its parts have done so far."""
    steps = _steps(run)
    for part in _open_parts(run):
        name = part.part["step"]
        done = _steps(part).get(name, StepState())
        counts, came_up = steps[name].counts + done.counts, steps[name].came_up + done.came_up
        steps[name] = replace(steps[name], counts=counts, came_up=came_up)
    return steps


def reached(ledger: Ledger, step: str) -> Reached:
    """Where a step of the whole run stands, by what this part has done and the others have committed.

    Until the end of the transaction no other part gets this answer.
    """
    whole = Run.objects.select_for_update().get(pk=ledger.whole)
    others = (part for part in _open_parts(whole) if part.pk != ledger.run_id and part.part["step"] == step)
    done = (_steps(part).get(step, StepState()).counts for part in others)
    steps = _steps(whole)
    state = steps.pop(step)
    elsewhere = sum(other.counts.changes for other in steps.values())
    return Reached(replace(state, counts=sum(done, state.counts + ledger.step(step).counts)), elsewhere)


def _go_on(run: Run, parts: Sequence[Run], steps: Mapping[str, StepState]) -> None:
    failed = next((part for part in parts if part.status != Status.SUCCEEDED), None)
    if run.cancel_at:
        claims.move(run.pk, Status.RUNNING, Status.CANCELLED)
    elif failed:
        share, reason = Part(**failed.part), failed.error or f"it was {failed.status}"
        error = f"part {share.number} of {share.of}, run {failed.pk}: {reason}"
        claims.move(run.pk, Status.RUNNING, Status.FAILED, error=error, result=_result(run, parts))
    else:
        done = {part.part["step"] for part in parts}
        dumped = {name: replace(step, done=step.done or name in done).dump() for name, step in steps.items()}
        fields = {name: getattr(run, name) + sum(getattr(part, name) for part in parts) for name in CHANGES}
        fields |= {"steps": storable_json(dumped), "result": _result(run, parts)}
        now = claims.DatabaseNow()
        claims.move(run.pk, Status.RUNNING, Status.QUEUED, sent_at=now, **fields)
        transaction.on_commit(lambda: broker.publish(run))


def _result(run: Run, parts: Sequence[Run]) -> dict[str, Any]:
    """The run's own, with the limits that stopped its parts as they ended last."""
    steps = {part.part["step"] for part in parts}
    exceeded = [found for found in run.result.get(LIMIT_EXCEEDED, ()) if found["step"] not in steps]
    exceeded += [found for part in parts for found in part.result.get(LIMIT_EXCEEDED, ())]
    rest = {name: value for name, value in run.result.items() if name != LIMIT_EXCEEDED}
    return {**rest, LIMIT_EXCEEDED: exceeded} if exceeded else rest


def _open_parts(run: Run) -> list[Run]:
    """Those whose step the run has not counted as done."""
    steps = _steps(run)
    return [part for part in run.parts.order_by("created_at", "id") if not steps[part.part["step"]].done]


def _steps(run: Run) -> Steps:
    return {name: StepState.load(dumped) for name, dumped in run.steps.items()}


def _created(ledger: Ledger, found: Sequence[Part]) -> list[Run]:
    whole, now = Run.objects.get(pk=ledger.run_id), datetime.now(UTC)
    made = Run.objects.bulk_create(
        Run(
            operation=whole.operation,
            params=whole.params,
            dry_run=whole.dry_run,
            confirm=whole.confirm,
            attended=whole.attended,
            limits=whole.limits,
            preview_id=whole.preview_id,
            selection=whole.selection,
            queue=whole.queue,
            origin=f"part {part.number} of {part.of} of run {whole.pk}",
            user_id=whole.user_id,
            system_user=whole.system_user,
            parent=whole,
            part=part._replace(room=ledger.room // part.of)._asdict(),
            sent_at=now,
        )
        for part in found
    )
    subjects.note([part.pk for part in made], whole.subjects.values_list("name", flat=True))
    return made


def _publish(run_id: UUID) -> None:
    for part in Run.objects.filter(parent=run_id, status=Status.QUEUED).order_by("created_at", "id"):
        broker.publish(part)
