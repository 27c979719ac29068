import argparse
from typing import Any

from django.core.management.base import CommandError, CommandParser

from upkeep.operations import registry
from upkeep.operations.command import OperationCommand, RunCommand


class Command(RunCommand):
    help = "Runs an operation by its name: on a worker, or with --sync here. `run_task NAME [its options] [--sync]`"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", metavar="NAME", help="The operation. Default: list all of them.")
        parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="OPTIONS", help="`NAME --help` lists them.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["name"] is None:
            self._list()
            return
        operation = registry.find(options["name"])
        command = type("Command", (OperationCommand,), {"operation": operation, "runs_here": False})(
            stdout=self.stdout._out, stderr=self.stderr._out  # noqa: SLF001 - a wrapper in a wrapper would double its endings
        )  # fmt: skip
        own = command.create_parser("manage.py", f"run_task {operation.short_name}").parse_args(options["rest"])
        try:
            command.execute(**{**vars(own), "skip_checks": True})  # they were made for this command
        except CommandError as error:
            if own.traceback and error.__cause__:
                raise error.__cause__ from None  # Django shows the stack of what is no CommandError
            raise

    def _list(self) -> None:
        found = list(registry.operations())
        width = max((len(operation.name) for operation in found), default=0)
        self.stdout.write("\n".join(f"{operation.name:<{width}}  {operation.summary}" for operation in found))
