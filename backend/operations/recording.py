"""How changes and log lines reach their tables: by COPY, with whatever text an outside system sent made storable."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from backend.operations.models import RunLog
from backend.operations.plans import Change

COPY_CHANGES = "COPY operations_runchange (run_id, action, key, label, fields, reason) FROM STDIN"
MAX_REASON = 200


def storable(text: str) -> str:
    """The text as PostgreSQL can keep it: no NUL character, no half of a surrogate pair."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def record_changes(run_id: UUID, changes: Iterable[Change]) -> None:
    """Insert one row a change."""
    with connection.cursor() as cursor, cursor.copy(COPY_CHANGES) as copy:
        for change in changes:
            copy.write_row(
                (run_id, change.action, storable(change.key), storable(change.label), _dumped(change.fields),
                 storable(change.reason)[:MAX_REASON])
            )  # fmt: skip


def record_log(run_id: UUID, lines: Iterable[tuple[datetime, str]]) -> None:
    """Insert one row a line."""
    RunLog.objects.bulk_create([RunLog(run_id=run_id, at=at, message=storable(message)) for at, message in lines])


def _dumped(fields: Mapping[str, tuple[Any, Any]]) -> str:
    return json.dumps({name: [_value(value) for value in pair] for name, pair in fields.items()}, cls=DjangoJSONEncoder)


def _value(value: object) -> object:
    return storable(value) if isinstance(value, str) else value
