from typing import Any

from django.core.management.base import CommandParser

from upkeep.operations import broker, registry, runner, submission
from upkeep.operations.command import RunCommand
from upkeep.operations.errors import AlreadyRunningError, OperationError
from upkeep.operations.leases import claims
from upkeep.operations.states import Status
from upkeep.operations.terminal.arguments import run_id


class Command(RunCommand):
    help = "Takes a failed or cancelled run up again, after its last commit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="RUN", type=run_id, help="The run's id, or its first digits, at least 8.")
        super().add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        named = submission.named(options["run"])
        operation = registry.find(named.operation)
        if options["enqueue"] or options["wait"]:
            run = submission.requeue(named.pk, queue=operation.queue)
            broker.publish(run)
            self.queued(run, options)
            return
        run = submission.requeue(named.pk, queue="")
        try:
            attempt = claims.claim(run.pk)
        except AlreadyRunningError as error:
            claims.move(run.pk, Status.QUEUED, Status.CANCELLED, error=str(error))
            raise
        if attempt is None:
            raise OperationError(f"run {run.pk} was taken over by another process just now")
        with self.progress(operation, options) as progress:
            outcome = runner.carry_out(run.pk, attempt, progress=progress, foreground=True, raises=options["traceback"])
        self.print_outcome(outcome, options)
