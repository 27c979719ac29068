from typing import Any

from django.core.management.base import CommandParser

from upkeep.operations import registry, runner, submission
from upkeep.operations.command import RunCommand, check_waitable
from upkeep.operations.terminal import identity
from upkeep.operations.terminal.arguments import run_id


class Command(RunCommand):
    help = "Resumes a failed or cancelled run after its last commit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="RUN", type=run_id, help="The run's id, or at least its first 8 digits.")
        super().add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        who = identity.of(options)
        named = submission.named(options["run"])
        operation = registry.find(named.operation)
        if options["enqueue"] or options["wait"]:
            check_waitable(options)
            run = submission.requeue(named.pk, queue=operation.queue)
            who.log(run, "resumed")
            self.queued(run, options)
            return
        run = submission.requeue(named.pk, queue="")
        who.log(run, "resumed")
        with self.progress(operation, options) as progress:
            outcome = runner.resume(run.pk, progress=progress, raises=options["traceback"])
        self.print_outcome(outcome, options)
