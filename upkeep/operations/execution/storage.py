"""How changes and log lines reach their tables: by COPY, with whatever text an outside system sent made storable."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import Q

from upkeep.operations.models import RunChange, RunLog
from upkeep.operations.plans import Action, Change
from upkeep.operations.storable import storable, storable_json

COPY_CHANGES = "COPY upkeep_operations_runchange (run_id, step, action, key, label, fields, reason) FROM STDIN"
MAX_REASON = 200
UNSTORABLE = re.compile(r"\\u(0000|d[89a-f])")
"""In JSON: a NUL character, or half of a surrogate pair (whole pairs too: they take the longer way)."""


def record_changes(run_id: UUID, changes: Sequence[tuple[str, Change]]) -> None:
    """Insert one row a change; each comes with the name of its step."""
    if not changes:
        return
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(COPY_CHANGES) as copy:
        for step, change in changes:
            copy.write_row(
                (run_id, storable(step), change.action, storable(change.key), storable(change.label),
                 as_jsonb(change.fields), storable(change.reason)[:MAX_REASON])
            )  # fmt: skip


def forget_changes(run_id: UUID, step: str, which: Q) -> int:
    """Delete these of the changes that a run recorded of a step; returns how many that were."""
    return RunChange.objects.filter(which, run=run_id, step=storable(step)).delete()[0]


def change(row: RunChange) -> Change:
    """A recorded change as it was planned, but for its payload."""
    fields = {name: (before, after) for name, (before, after) in row.fields.items()}
    return Change(cast("Action", row.action), row.key, row.label, fields, row.reason)


def record_log(run_id: UUID, lines: Iterable[tuple[datetime, str]]) -> None:
    """Insert one row a line."""
    RunLog.objects.bulk_create([RunLog(run_id=run_id, at=at, message=storable(message)) for at, message in lines])


def as_jsonb(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """The value as JSON that a jsonb column can keep."""
    if not value:
        return "[]" if isinstance(value, Sequence) else "{}"
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(storable_json(value))
    return json.dumps(storable_json(value)) if UNSTORABLE.search(text) else text
