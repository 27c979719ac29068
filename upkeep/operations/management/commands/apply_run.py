from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from upkeep.operations import approval, runner, submission
from upkeep.operations.command import RunCommand, check_waitable
from upkeep.operations.execution.digests import Selection
from upkeep.operations.limits import RunLimits
from upkeep.operations.plans import EFFECTS
from upkeep.operations.terminal import arguments, identity, usage

EXAMPLES = (
    ("0f4b21c9", "Apply all that this preview showed."),
    ("0f4b21c9 --only 17 23", "Apply its changes of these keys, which `show_run 0f4b21c9 --changes --json` lists."),
    ("0f4b21c9 --only-action updated --wait", "Let a worker apply its updates, and watch it."),
)


class Command(RunCommand):
    help = (
        "Carries out what a preview (a run with --dry-run) showed, and nothing else: what would be another change by "
        "now is skipped (not_as_previewed). A preview can be applied once."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        examples = usage.of_examples(f"{Path(prog_name).name} {subcommand}", EXAMPLES)
        return super().create_parser(
            prog_name, subcommand, formatter_class=usage.UsageFormatter, epilog=examples, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "preview", metavar="PREVIEW", type=arguments.run_id, help="Its run's id, or at least the first 8 digits."
        )
        parser.add_argument(
            "--only", nargs="+", metavar="KEY", default=[], help="Apply the changes of these keys alone."
        )
        parser.add_argument(
            "--except",
            dest="without",
            nargs="+",
            metavar="KEY",
            default=[],
            help="Leave out the changes of these keys.",
        )
        parser.add_argument(
            "--only-reason", nargs="+", metavar="REASON", default=[], help="Apply the changes with these reasons alone."
        )
        parser.add_argument(
            "--only-action",
            nargs="+",
            choices=EFFECTS,
            metavar="ACTION",
            default=[],
            help=f"Apply these alone, of {', '.join(EFFECTS)}.",
        )
        super().add_arguments(parser)
        arguments.add_limits(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        chosen = (options[name] for name in ("only", "without", "only_reason", "only_action"))
        who = identity.of(options)
        preview = submission.named(options["preview"])
        operation, params, applies = approval.check(preview, Selection(*chosen), approver=who.system_user)
        how: dict[str, Any] = {**who._asdict(), "limits": arguments.parsed(RunLimits, options), "origin": "command"}
        if options["enqueue"] or options["wait"]:
            check_waitable(options)
            self.queued(submission.enqueue(operation, params, applies=applies, **how), options)
            return
        with self.progress(operation, options) as progress:
            outcome = runner.execute(
                operation, params, applies=applies, progress=progress, raises=options["traceback"], **how
            )
        self.print_outcome(outcome, options)
