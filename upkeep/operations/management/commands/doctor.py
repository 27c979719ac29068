from typing import Any

from django.core.checks import WARNING, CheckMessage, run_checks
from django.core.management.base import CommandError, CommandParser
from django.db import router

from upkeep.operations.checks import TAG
from upkeep.operations.models import Run
from upkeep.operations.terminal.base import TolerantCommand
from upkeep.operations.terminal.escaping import plain, plain_json


class Command(TolerantCommand):
    help = "Checks settings, database, migrations, broker and workers. The exit code is 1 if anything is wrong."
    requires_system_checks = ()  # they are what it shows

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = run_checks(tags=[TAG], include_deployment_checks=True, databases=[router.db_for_write(Run)])
        problems = [problem for problem in found if not problem.is_silenced()]
        if options["json"]:
            self.stdout.write(plain_json({"problems": [_as_json(problem) for problem in problems]}))
        else:
            for problem in problems:
                self.stdout.write(_described(problem))
        number = sum(problem.level >= WARNING for problem in problems)
        if number:
            raise CommandError("1 problem" if number == 1 else f"{number} problems", returncode=1)
        if not options["json"]:
            self.stdout.write("nothing is wrong")


def _level(problem: CheckMessage) -> str:
    return "error" if problem.is_serious() else "warning" if problem.level >= WARNING else "note"


def _described(problem: CheckMessage) -> str:
    head = f"{_level(problem)}: {plain(problem.msg)} ({problem.id})"
    return f"{head}\n    {plain(problem.hint)}" if problem.hint else head


def _as_json(problem: CheckMessage) -> dict[str, Any]:
    return {"id": problem.id, "level": _level(problem), "message": problem.msg, "hint": problem.hint}
