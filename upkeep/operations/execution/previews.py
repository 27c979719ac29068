"""What a dry run would do, kept as digests, and what another run may therefore do: see `Run.preview`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self
from uuid import UUID

from django.db import connection
from django.db.models import Q

from upkeep.operations.errors import OperationError
from upkeep.operations.execution.digests import (
    CONTENT,
    DIGEST,
    INSERT,
    KEY,
    NOT_APPROVED,
    NOT_AS_PREVIEWED,
    Judged,
    Selection,
)
from upkeep.operations.execution.storage import as_jsonb
from upkeep.operations.models import Run, RunChange, RunDigest
from upkeep.operations.plans import EFFECTS, Change
from upkeep.operations.storable import storable

MAX_CHANGES = 2_000
"""Changes whose digests are asked for at once."""

RECORD = f"{INSERT} SELECT %s, %s, {KEY}, {CONTENT} FROM jsonb_array_elements(%s::jsonb) AS changes (change)"  # noqa: S608
JUDGE = f"""
SELECT (SELECT bool_or(kept.content = planned.content) FROM upkeep_operations_rundigest AS kept
         WHERE kept.run_id = %s AND kept.step = %s AND kept.key = planned.key)
  FROM (SELECT number, {KEY} AS key, {CONTENT} AS content
          FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS changes (change, number)) AS planned
 ORDER BY number
"""  # noqa: S608 - of the constants above


KNOWN = f"""
SELECT given, EXISTS (SELECT FROM upkeep_operations_rundigest AS kept
                       WHERE kept.run_id = %s AND kept.key = {DIGEST.format("given")})
  FROM unnest(%s::text[]) AS keys (given)
"""  # noqa: S608 - of the constants above


@dataclass(frozen=True)
class Approval:
    """The preview that a run applies, and which of its changes were approved."""

    preview: UUID
    selection: Selection = field(default_factory=Selection)

    @classmethod
    def of(cls, run: Run) -> Self | None:
        """That of a run; None when it applies no preview. Raises OperationError when its preview is gone."""
        if run.preview_id is None:
            return None
        if not Run.objects.filter(pk=run.preview_id).exists():
            raise OperationError(f"its preview, run {run.preview_id}, was deleted: make a new one")
        return cls(run.preview_id, Selection.load(run.selection))

    def judged(self, step: str, plan: Sequence[Change]) -> Judged:
        """What may be done of a step's plan."""
        changes, came_up = list(plan), 0
        effects = [number for number, change in enumerate(changes) if change.action in EFFECTS]
        found = self._found(step, [changes[number] for number in effects])
        for number, is_same in zip(effects, found, strict=True):
            came_up += is_same is not None
            change = changes[number]
            if not self.selection.holds(change):
                changes[number] = _skipped(change, NOT_APPROVED)
            elif not is_same:
                changes[number] = _skipped(change, NOT_AS_PREVIEWED)
        return Judged(self.told(step, changes), came_up)

    def told(self, step: str, changes: Sequence[Change]) -> list[Change]:
        """Changes, those that are not as previewed with what the preview said, as far as that was recorded."""
        skipped = [change for change in changes if change.reason == NOT_AS_PREVIEWED]
        if not skipped:
            return list(changes)
        recorded = RunChange.objects.filter(Q(run=self.preview) | Q(run__parent=self.preview), step=storable(step))
        keys = [storable(change.key) for change in skipped]
        previewed = {row.key: row for row in recorded.filter(key__in=keys, action__in=EFFECTS)}
        return [
            _told(change, previewed.get(storable(change.key))) if change.reason == NOT_AS_PREVIEWED else change
            for change in changes
        ]

    def gone(self, came_up: int) -> int:
        """How many changes of the preview did not come up again, if so many did."""
        return max(0, RunDigest.objects.filter(run=self.preview).count() - came_up)

    def _found(self, step: str, changes: Sequence[Change]) -> list[bool | None]:
        """Of each change: whether the preview has it; None when it has none of that key."""
        found: list[bool | None] = []
        with connection.cursor() as cursor:
            for some in _chunks(changes):
                cursor.execute(JUDGE, (self.preview, storable(step), some))
                found += [is_same for (is_same,) in cursor.fetchall()]
        return found


def record(run_id: UUID, step: str, changes: Iterable[Change]) -> None:
    """Keep the digests of those of a dry run's changes that have an effect."""
    with connection.cursor() as cursor:
        for some in _chunks(change for change in changes if change.action in EFFECTS):
            cursor.execute(RECORD, (run_id, storable(step), some))


def are_kept(run_id: UUID, keys: Sequence[str]) -> dict[str, bool]:
    """Of each key, whether a dry run would change something of that key."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, (run_id, list(map(storable, keys))))
        return dict(cursor.fetchall())


def forget(run_id: UUID, step: str) -> None:
    """Delete the digests of a step that starts again."""
    RunDigest.objects.filter(run=run_id, step=storable(step)).delete()


def sql_params(kept: "UUID | Approval", step: str) -> dict[str, Any]:
    """What the statements of `commit_sql` need: of a dry run its id, of a run that applies a preview the approval."""
    run, chosen = (kept.preview, kept.selection) if isinstance(kept, Approval) else (kept, Selection())
    return {
        "upkeep_run": run,
        "upkeep_step": storable(step),
        **{f"upkeep_{name}": list(getattr(chosen, name)) for name in Selection.__slots__},
    }


def _chunks(changes: Iterable[Change]) -> Iterator[str]:
    """The changes, a few at a time, as JSON: key, action and fields of each."""
    rows = ((change.key, change.action, dict(change.fields)) for change in changes)
    while some := list(islice(rows, MAX_CHANGES)):
        yield as_jsonb(some)


def _skipped(change: Change, reason: str) -> Change:
    return Change("skipped", change.key, change.label, change.fields, reason, payload=None)


def _told(change: Change, previewed: RunChange | None) -> Change:
    if previewed is None:
        return change
    was = {f"{name}, as previewed": (before, after) for name, (before, after) in previewed.fields.items()}
    return change._replace(fields={**change.fields, **was})
