import sys
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import QuerySet

from upkeep.operations import registry, streams
from upkeep.operations.errors import UnknownOperationError
from upkeep.operations.models import Run
from upkeep.operations.states import Status
from upkeep.operations.terminal import history
from upkeep.operations.terminal.arguments import moment, positive
from upkeep.operations.terminal.base import TolerantCommand
from upkeep.operations.terminal.escaping import plain_json


class Command(TolerantCommand):
    help = "Lists runs, the newest first. `show_run RUN` shows one of them in full."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--operation", metavar="NAME", help="List only runs of this operation.")
        help_text = "List only runs with this status; may be given several times."
        parser.add_argument("--status", action="append", choices=Status.values, help=help_text)
        help_text = (
            "List only runs created since: 90m, 12h or 7d ago, a date (2026-11-27), or a time (2026-11-27T06:30)."
        )
        parser.add_argument("--since", type=moment, metavar="WHEN", help=help_text)
        parser.add_argument("--limit", type=positive, default=20, metavar="N", help="List at most N runs. Default: 20.")
        parser.add_argument("--json", action="store_true", help="Print a JSON array.")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = _found(options)
        shown = found.select_related("user")[: options["limit"]]
        if options["json"]:
            self.stdout.write(plain_json([history.as_json(run) for run in shown]))
            return
        width = history.terminal_width() if streams.is_terminal(sys.stdout) else None
        number = found.count()
        if number:
            self.stdout.write(history.table(shown, width=width))
        more = (
            f"{min(options['limit'], number):,} of {number:,} runs" if number > options["limit"] else f"{number:,} runs"
        )
        self.stderr.write(more if number != 1 else "1 run", lambda text: text)


def _found(options: dict[str, Any]) -> "QuerySet[Run]":
    found = Run.objects.filter(parent=None)  # a part's figures are in its run
    if options["operation"]:
        found = found.filter(operation__in=_names(options["operation"]))
    if options["status"]:
        found = found.filter(status__in=options["status"])
    if options["since"]:
        found = found.filter(created_at__gte=options["since"])
    return found


def _names(name: str) -> list[str]:
    """Its present and earlier names; runs of an operation that no longer exists are found by the name they have."""
    try:
        operation = registry.find(name)
    except UnknownOperationError:
        if Run.objects.filter(operation=name).exists():
            return [name]
        raise
    return [operation.name, *operation.aliases]
