import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import IntegrityError

from upkeep.operations import applying, registry, runner, streams, submission
from upkeep.operations.command import RunCommand, check_waitable
from upkeep.operations.definition import Operation
from upkeep.operations.errors import UnconfirmedError
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.terminal import identity, usage
from upkeep.operations.terminal.arguments import run_id
from upkeep.operations.terminal.console import summary

EXAMPLES = (
    ("0f4b21c9", "Apply what this preview showed: what the data has made different since is skipped."),
    ("0f4b21c9 --no-input --json", "The same for a script, also where the operation destroys data."),
)


class Command(RunCommand):
    help = "Applies a preview, the run of a --dry-run: the changes that it showed, and no others."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        examples = usage.of_examples(f"{Path(prog_name).name} {subcommand}", EXAMPLES)
        return super().create_parser(
            prog_name, subcommand, formatter_class=usage.UsageFormatter, epilog=examples, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        help_text = "The preview's id, or at least its first 8 digits: `runs` lists it."
        parser.add_argument("run", metavar="PREVIEW", type=run_id, help=help_text)
        super().add_arguments(parser)
        parser.add_argument("--no-input", "--noinput", action="store_true", help="Do not ask for confirmation.")

    def handle(self, *_args: Any, **options: Any) -> None:
        preview = submission.named(options["run"])
        applying.check(preview)
        operation = registry.find(preview.operation)
        who = identity.of(options)._asdict()
        try:
            self._apply(preview, operation, options, who)
        except IntegrityError:
            applying.check_unapplied(preview)  # by somebody else, since it was checked
            raise

    def _apply(self, preview: Run, operation: Operation[Any], options: dict[str, Any], who: dict[str, Any]) -> None:
        params = operation.parse(preview.params)
        confirm = self._confirmed(preview, operation.confirmation(params) or "", options)
        how = {**who, "confirm": confirm, "attended": True, "origin": "command", "preview": preview}
        if options["enqueue"] or options["wait"]:
            check_waitable(options)
            self.queued(submission.enqueue(operation, params, partitions=1, **how), options)
            return
        with self.progress(operation, options) as progress:
            outcome = runner.execute(operation, params, progress=progress, raises=options["traceback"], **how)
        self.print_outcome(outcome, options)

    def _confirmed(self, preview: Run, word: str, options: dict[str, Any]) -> str:
        """The word that confirms what destroys data, if any."""
        if not word or options["no_input"]:
            return word
        if not streams.is_terminal(sys.stdin):
            raise UnconfirmedError(f"{preview.operation} destroys data: --no-input confirms what the preview shows")
        self.stderr.write("\n".join(summary(Outcome.of(preview))), lambda text: text)
        self.stderr.write(f"Type {word!r} to continue: ", lambda text: text, ending="")
        self.stderr.flush()
        return streams.answer()
