"""Reviewed changes: two digests of each change of a preview, by which its application recognises them.

A record is 8 bytes of the digest of the step and the key, then 8 bytes of that of the action and the fields. A preview
and its application are of the same version of the code, so each change goes the same way in both: what `commit` plans
is digested here, and what `commit_sql` plans by PostgreSQL, whose jsonb has one canonical text.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from uuid import UUID

from django.db.models import Q

from upkeep.operations.models import RunChange, RunDigests
from upkeep.operations.plans import EFFECTS, Change
from upkeep.operations.storable import storable, storable_json

HALF = 8
RECORD = 2 * HALF
NOT_AS_PREVIEWED = "not_as_previewed"
GONE_SINCE = "gone_since"
_HALF = "substr(sha256(convert_to({text}, 'UTF8')), 1, 8)"
SQL = " || ".join(
    _HALF.format(text=text)
    for text in ("%(upkeep_step)s || E'\\n' || key", "action || E'\\n' || coalesce(fields, 'null')::text")
)
"""The record of a row of a plan."""


class Review:
    """The records of a run and of its parts. Of a million changes it takes some 30 MB."""

    def __init__(self, run_id: UUID) -> None:
        self.run_id = run_id
        self._by_start: dict[bytes, bytearray] = defaultdict(bytearray)
        for digests in RunDigests.objects.filter(of(run_id)).values_list("digests", flat=True).iterator(2):
            for one in records(bytes(digests)):
                self._by_start[one[:2]] += one

    def __iter__(self) -> Iterator[bytes]:
        for part in self._by_start.values():
            yield from records(part)

    def knows(self, key: bytes) -> bool:
        """Whether it holds a change of the key with this digest."""
        return key in self._by_start.get(key[:2], b"")

    def approves(self, record: bytes) -> bool:
        """Whether this very change was previewed."""
        return record in self._by_start.get(record[:2], b"")

    def missing_from(self, other: "Review") -> int:
        """How many changes the other has no change of the same key for."""
        return sum(not other.knows(one[:HALF]) for one in self)

    def reviewed(self, step: str, plan: Sequence[Change], found: Sequence[bytes], *, whole: bool) -> list[Change]:
        """The plan with these records; what was not previewed is skipped, and all of it if it is `whole`."""
        unlike = {number for number, one in enumerate(found) if one and not self.approves(one)}
        if unlike and whole:
            unlike = {number for number, one in enumerate(found) if one}
        skipped = iter(self.skipped(step, [plan[number] for number in sorted(unlike)]))
        return [next(skipped) if number in unlike else change for number, change in enumerate(plan)]

    def skipped(self, step: str, changes: list[Change]) -> list[Change]:
        """What becomes of changes that differ: each field with both versions, as previewed and as it would be now."""
        if not changes:
            return []
        keys = [storable(change.key) for change in changes]
        rows = RunChange.objects.filter(of(self.run_id), step=storable(step), key__in=keys)
        previewed = {row.key: row.fields for row in rows}
        return [_skipped(change, previewed.get(storable(change.key), {})) for change in changes]


def of(run_id: UUID) -> Q:
    """What was recorded of a run and of its parts."""
    return Q(run=run_id) | Q(run__parent=run_id)


def records(digests: bytes | bytearray) -> Iterator[bytes]:
    """The records one by one."""
    return (bytes(digests[start : start + RECORD]) for start in range(0, len(digests), RECORD))


def record(step: str, change: Change) -> bytes:
    """The record of a change."""
    fields = dict(change.fields)
    try:
        content = json.dumps([change.action, fields], sort_keys=True)
    except (TypeError, ValueError):
        content = json.dumps([change.action, storable_json(fields)], sort_keys=True)
    return _half(f"{storable(step)}\n{storable(change.key)}") + _half(content)


def records_of(step: str, changes: Iterable[Change]) -> list[bytes]:
    """The record of each change of a plan; an empty one of what changes nothing."""
    return [record(step, change) if change.action in EFFECTS else b"" for change in changes]


def _half(text: str) -> bytes:
    return sha256(text.encode()).digest()[:HALF]


def _skipped(change: Change, previewed: dict[str, list[object]]) -> Change:
    names = dict.fromkeys([*previewed, *change.fields])
    fields = {name: (previewed.get(name), change.fields.get(name)) for name in names}
    return change._replace(action="skipped", fields=fields, reason=NOT_AS_PREVIEWED, payload=None)
