from typing import Any

from django.core.management.base import CommandError, CommandParser

from upkeep.operations import cancellation, submission
from upkeep.operations.states import Status
from upkeep.operations.terminal import identity
from upkeep.operations.terminal.arguments import run_id
from upkeep.operations.terminal.base import TolerantCommand


class Command(TolerantCommand):
    help = "Cancels a run: a queued one at once, a running one within two seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="RUN", type=run_id, help="The run's id, or at least its first 8 digits.")
        identity.add_argument(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        who = identity.of(options)
        run = submission.named(options["run"])
        status = cancellation.cancel(run.pk)
        if status not in (Status.RUNNING, Status.CANCELLED):
            raise CommandError(f"run {run.pk} has already ended: {status}")
        who.log(run, "asked to stop")
        self.stdout.write("cancelled" if status is Status.CANCELLED else "asked to stop")
