"""A run that has succeeded beside the last ones of the same operation that were about the same thing."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection

from upkeep.operations.counts import Counts
from upkeep.operations.definition import Operation
from upkeep.operations.models import Run
from upkeep.operations.unusual import MAX_RUNS, unusual

EARLIER = """
SELECT counts, extract(epoch FROM finished_at - started_at)::float,
       extract(epoch FROM clock_timestamp() - %(started_at)s)::float
  FROM upkeep_operations_run AS run
 WHERE operation = ANY(%(names)s) AND {key} AND status = 'succeeded' AND NOT dry_run AND NOT resumed
   AND parent_id IS NULL AND started_at <= finished_at AND params @> %(same)s::jsonb
   AND ARRAY(SELECT name FROM upkeep_operations_runsubject WHERE run_id = run.id ORDER BY name)
     = ARRAY(SELECT name FROM upkeep_operations_runsubject WHERE run_id = %(run)s ORDER BY name)
 ORDER BY finished_at DESC LIMIT %(most)s
"""
"""The runs to compare with: of the same key, subjects and switches (`--full`), and without a limit. One statement, made
up here: every run pays for it."""


def judged(run: Run, operation: Operation[Any], counts: Counts) -> list[dict[str, Any]]:
    """What is unusual about a run that is about to succeed with these counts, as its row keeps it.

    Nothing about a dry run, one that was resumed, one of `--limit`, and a part: these say little about the others.
    """
    if run.dry_run or run.resumed or run.parent_id or run.params.get("limit") is not None or not run.started_at:
        return []
    same = {name: value for name, value in run.params.items() if isinstance(value, bool) or name == "limit"}
    values = {
        "names": [operation.name, *operation.aliases], "key": run.exclusive_key, "same": json.dumps(same),
        "run": run.pk, "started_at": run.started_at, "most": MAX_RUNS,
    }  # fmt: skip
    key = "exclusive_key = %(key)s" if run.exclusive_key else "exclusive_key IS NULL"
    with connection.cursor() as cursor:
        cursor.execute(EARLIER.format(key=key), values)
        earlier = cursor.fetchall()
    history = [_figures(json.loads(found), seconds) for found, seconds, _ in earlier]
    if not history:
        return []
    return [found.as_json() for found in unusual(_figures(counts.as_json(), earlier[0][2]), history)]


def _figures(counts: Mapping[str, int], seconds: float) -> dict[str, float]:
    numbers = {action: counts.get(action, 0) for action in ("processed", "created", "updated", "deleted", "failed")}
    changed = numbers["created"] + numbers["updated"] + numbers["deleted"]
    return {"processed": numbers["processed"], "changed": changed, "failed": numbers["failed"], "seconds": seconds}
