from typing import Any

from django.core.management.base import CommandParser

from upkeep.operations import registry, runner, submission
from upkeep.operations.command import RunCommand, check_waitable
from upkeep.operations.limits import RunLimits
from upkeep.operations.terminal import arguments, identity


class Command(RunCommand):
    help = (
        "Resumes a failed or cancelled run after its last commit. One that a limit stopped goes on with a higher one, "
        "towards which counts what it did before: resume_run RUN --max-deleted 60."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "run", metavar="RUN", type=arguments.run_id, help="The run's id, or at least its first 8 digits."
        )
        super().add_arguments(parser)
        arguments.add_limits(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        who, limits = identity.of(options), arguments.parsed(RunLimits, options)
        named = submission.named(options["run"])
        operation = registry.find(named.operation)
        if options["enqueue"] or options["wait"]:
            check_waitable(options)
            run = submission.requeue(named.pk, queue=operation.queue, limits=limits)
            who.log(run, "resumed")
            self.queued(run, options)
            return
        run = submission.requeue(named.pk, queue="", limits=limits)
        who.log(run, "resumed")
        with self.progress(operation, options) as progress:
            outcome = runner.resume(run.pk, progress=progress, raises=options["traceback"])
        self.print_outcome(outcome, options)
