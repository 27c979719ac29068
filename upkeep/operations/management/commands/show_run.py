from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q, QuerySet
from django.utils import timezone

from upkeep.operations import submission
from upkeep.operations.execution import storage
from upkeep.operations.execution.paging import rows_by_key
from upkeep.operations.models import Run, RunChange, RunLog
from upkeep.operations.terminal import history
from upkeep.operations.terminal.arguments import run_id
from upkeep.operations.terminal.base import TolerantCommand
from upkeep.operations.terminal.console import described
from upkeep.operations.terminal.escaping import plain, plain_json


class Command(TolerantCommand):
    help = "Shows the record of a run: how it was started, how it went, and optionally its changes and its log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="RUN", type=run_id, help="The run's id, or at least its first 8 digits.")
        parser.add_argument("--changes", action="store_true", help="Also show each change: fields before and after.")
        parser.add_argument("--log", action="store_true", help="Also show its log.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        run = submission.named(options["run"])
        changes = _all(run, RunChange.objects.all()) if options["changes"] else None
        log = _all(run, RunLog.objects.all()) if options["log"] else None
        if options["json"]:
            shown = history.as_json(run)
            if changes is not None:
                shown["changes"] = [history.change_as_json(row) for row in changes]
                shown["changes_left_out"] = run.changes_left_out
            if log is not None:
                shown["log"] = [{"at": row.at.isoformat(), "message": row.message} for row in log]
            self.stdout.write(plain_json(shown))
            return
        for line in _lines(run, changes, log):
            self.stdout.write(line)


def _all(run: Run, rows: "QuerySet[Any]") -> "QuerySet[Any]":
    return rows.filter(Q(run=run) | Q(run__parent=run)).order_by("id")


def _lines(run: Run, changes: "QuerySet[RunChange] | None", log: "QuerySet[RunLog] | None") -> Iterator[str]:
    yield from history.described(run)
    if changes is not None and (run.changes_recorded or run.changes_left_out):
        yield f"changes ({run.changes_recorded:,} recorded, {run.changes_left_out:,} more only counted):"
        for row in rows_by_key(changes):
            yield "  " + described(storage.change(row)).replace("\n", "\n  ")
    if log is not None and log.exists():
        yield "log:"
        for line in rows_by_key(log):
            yield plain(f"  {timezone.localtime(line.at):%Y-%m-%d %H:%M:%S}  {line.message}")
