"""The management command of an operation: runs it here and now, or sends it to a worker."""

import json
import sys
import time
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from upkeep.conf import conf
from upkeep.operations import broker, registry, runner, streams, submission
from upkeep.operations.broker import Audience
from upkeep.operations.definition import Operation
from upkeep.operations.errors import InvalidParamsError, OperationError, UnconfirmedError
from upkeep.operations.execution import parts, storage
from upkeep.operations.execution.failures import explanation
from upkeep.operations.limits import LIMIT_EXCEEDED, OPTIONS, RunLimits
from upkeep.operations.models import Run, RunChange
from upkeep.operations.outcome import Outcome
from upkeep.operations.params import Params
from upkeep.operations.states import ENDED, Status
from upkeep.operations.terminal import arguments, identity, usage
from upkeep.operations.terminal.base import INTERRUPTED_EXIT_CODE, TolerantCommand
from upkeep.operations.terminal.console import ConsoleProgress, Patience, summary
from upkeep.operations.terminal.escaping import plain, plain_json

VERBOSE = 2
ONCE = "\n\nIt is done once in a database: after it has succeeded, further runs do nothing."
LOOK_SECONDS = 3.0
"""After how long, and how often, `--wait` checks why a queued run does not begin."""


class RunCommand(TolerantCommand):
    """A command that runs something, or watches it run, and prints the outcome."""

    _seen: Collection[str] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to run it, and how verbosely."""
        parser.add_argument("--enqueue", action="store_true", help="Send it to a worker and print the run's id.")
        parser.add_argument("--wait", action="store_true", help="Send it to a worker and follow its progress.")
        parser.add_argument("--json", action="store_true", help="Print the outcome as one JSON object.")
        identity.add_argument(parser)
        parser.add_argument("--verbose", action="store_true", help="Print a line per item and field: --verbosity 2.")

    def print_outcome(self, outcome: Outcome, options: dict[str, Any]) -> None:
        """Print the outcome. Raises CommandError with its exit code when that is not 0."""
        prints = registry.find(outcome.operation).prints
        if options["json"]:
            self.stdout.write(json.dumps(outcome.as_json()))
        elif prints != "summary":
            answer = [plain_json(outcome.result)] if prints == "result" else map(plain, outcome.report)
            if options["verbosity"] and outcome.status is Status.SUCCEEDED:
                for line in answer:
                    self.stdout.write(line)
        elif options["verbosity"]:
            self.stdout.write("\n".join(summary(outcome)))
        if outcome.exit_code:
            text = _complaint(outcome, named=_is_verbose(options), seen=self._seen)
            raise CommandError(plain(text), returncode=outcome.exit_code)

    def progress(self, operation: Operation[Any], options: dict[str, Any]) -> ConsoleProgress:
        """Shows a run of the operation, as verbosely as this command's options say."""
        out = self.stdout if operation.prints == "summary" and not options["json"] else self.stderr
        verbose = _is_verbose(options)
        bars = bool(options["verbosity"]) and streams.is_terminal(sys.stderr)
        write = partial(out.write, style_func=str) if options["verbosity"] else _discard
        shared = streams.is_terminal(out)
        beside_errors = bool(options["verbosity"]) and (out is self.stderr or (bars and shared))
        progress = ConsoleProgress(write, bars=bars, shared=shared, beside_errors=beside_errors, verbose=verbose)
        self._seen = progress.seen
        return progress

    def queued(self, run: Run, options: dict[str, Any]) -> None:
        """Print that a run was sent, and with --wait its progress and outcome."""
        if run.sent_at is None:
            kept = f"The broker cannot be reached: run {run.pk} stays queued until it is back."
            self.stderr.write(kept, lambda text: text)
        if not options["wait"]:
            queued = {"run": str(run.pk), "operation": run.operation, "status": run.status}
            self.stdout.write(json.dumps(queued) if options["json"] else str(run.pk))
            return
        with self.progress(registry.find(run.operation), options) as progress:
            try:
                outcome = _followed(run.pk, progress)
            except KeyboardInterrupt:
                raise _left(submission.named(run.pk)) from None
            except DatabaseError as error:
                raise CommandError(_unseen(run, error), returncode=1) from error
            changes = RunChange.objects.filter(Q(run=run) | Q(run__parent=run))
            progress.changed([storage.change(row) for row in changes])
        self.print_outcome(outcome, options)


class OperationCommand(RunCommand):
    """A subclass names its operation; everything else follows from the declaration."""

    operation: ClassVar[Operation[Any]]
    runs_here = True
    """Without --enqueue and --sync."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """The operation's own description, and whether it is done once."""
        return self.operation.description + (ONCE if self.operation.once else "")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The parser, whose help ends with the operation's examples."""
        examples = usage.of_examples(f"{Path(prog_name).name} {subcommand}", self.operation.examples)
        return super().create_parser(
            prog_name, subcommand, formatter_class=usage.UsageFormatter, epilog=examples, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        """The operation's params, and how to run it."""
        arguments.add_params(parser, self.operation.params_type)
        super().add_arguments(parser)
        if self.operation.has_limits:
            arguments.add_limits(parser, self.operation.limits)
        if not self.runs_here:
            parser.add_argument("--sync", action="store_true", help="Run it here instead of on a worker.")
        if self.operation.has_dry_run:
            parser.add_argument("--dry-run", action="store_true", help="Only show what would be changed.")
        if self.operation.partitions > 1:
            help_text = f"Let N workers share it, with --enqueue or --wait. Default: {self.operation.partitions}."
            parser.add_argument("--partitions", type=int, metavar="N", help=help_text)
        if self.operation.confirm:
            parser.add_argument("--no-input", "--noinput", action="store_true", help="Do not ask for confirmation.")
        parser.set_defaults(**({} if _has(parser, "partitions") else {"partitions": None}))
        parser.set_defaults(**{name: False for name in ("sync", "dry_run", "no_input") if not _has(parser, name)})

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the operation, or enqueue it."""
        params = arguments.parsed(self.operation.params_type, options)
        limits = arguments.parsed(RunLimits, options)
        who = {**identity.of(options)._asdict(), "limits": limits}
        sent = options["enqueue"] or options["wait"] or not (self.runs_here or options["sync"])
        if not sent:
            self.operation.check_configured(params)  # before anything is asked
        confirm = self._confirmed(params, options, who)
        attended = bool(confirm) and not options["no_input"]
        how = {"dry_run": options["dry_run"], "confirm": confirm, "attended": attended, **who}
        if sent:
            check_waitable(options)
            run = submission.enqueue(self.operation, params, **how, origin="command", partitions=options["partitions"])
            self.queued(run, options)
        elif options["partitions"]:
            raise InvalidParamsError("--partitions is for workers: it needs --enqueue or --wait")
        else:
            self.print_outcome(self._executed(params, options, **how), options)

    def _executed(self, params: Params, options: dict[str, Any], **how: Any) -> Outcome:
        with self.progress(self.operation, options) as progress:
            return runner.execute(
                self.operation, params, **how, origin="command", progress=progress, raises=options["traceback"]
            )

    def _confirmed(self, params: Params, options: dict[str, Any], who: dict[str, Any]) -> str:
        word = self.operation.confirmation(params)
        if not word or options["dry_run"]:
            return ""
        if options["no_input"]:
            return word
        if not streams.is_terminal(sys.stdin):
            looking = ", --dry-run shows what it would do" if self.operation.has_dry_run else ""
            raise UnconfirmedError(f"{self.operation.short_name} destroys data: --no-input confirms it{looking}")
        if self.operation.has_dry_run:
            outcome = self._executed(params, options, dry_run=True, **who)
            if outcome.status is not Status.SUCCEEDED:
                self.print_outcome(outcome, options)
            self.stderr.write("\n".join(summary(outcome)), lambda text: text)
        self.stderr.write(f"Type {word!r} to continue: ", lambda text: text, ending="")
        self.stderr.flush()
        return streams.answer()


def _followed(run_id: UUID, progress: ConsoleProgress) -> Outcome:
    patience, look_at, said = Patience(conf().POLL_SECONDS), time.monotonic() + LOOK_SECONDS, ""
    while (run := submission.named(run_id)).status not in ENDED:
        for name, step in parts.total(run).items():
            progress.advanced(name, step.counts.processed, step.total)
        if run.status == Status.QUEUED and time.monotonic() > look_at:
            text = _queued(run)
            if text != said:
                progress.logged(text)
            look_at, said = time.monotonic() + LOOK_SECONDS, text
        patience.wait()
    return Outcome.of(run)


def _queued(run: Run) -> str:
    """Why a run that somebody waits for has not begun."""
    if run.not_before:
        return f"run {run.pk} is queued until {timezone.localtime(run.not_before):%H:%M:%S}"
    match broker.audience(run):
        case Audience.NOBODY:
            return f"run {run.pk} is queued; no worker listens to its queue {run.queue!r}"
        case Audience.IGNORANT:
            return f"run {run.pk} is queued; no worker knows {run.operation}: restart them"
        case Audience.UNKNOWN:
            return f"run {run.pk} is queued; the broker cannot be reached"
        case Audience.SOMEBODY:
            return f"run {run.pk} is queued; the workers that listen to its queue {run.queue!r} are busy"


def _left(run: Run) -> CommandError:
    """What becomes of a run that is no longer watched."""
    stays = "runs on" if run.status == Status.RUNNING else f"is {run.status}" if run.status in ENDED else "stays queued"
    cancels = "" if run.status in ENDED else f"; `manage.py cancel_run {run.pk}` cancels it"
    return CommandError(f"no longer watching: run {run.pk} {stays}{cancels}", returncode=INTERRUPTED_EXIT_CODE)


def _unseen(run: Run, error: DatabaseError) -> str:
    """What becomes of a run while the database does not answer who watches it."""
    ends = f"run {run.pk} goes on; `manage.py show_run {run.pk}` says how it ended"
    return plain(f"no longer watching, the database reports: {explanation(error)}; {ends}")


def check_waitable(options: dict[str, Any]) -> None:
    """Raise OperationError for --wait within a transaction, after which alone the run is sent."""
    if options["wait"] and connection.in_atomic_block:
        raise OperationError("--wait within a transaction would wait forever: the run is sent when that ends")


def _discard(_line: str) -> None:
    """With --verbosity 0."""


def _is_verbose(options: dict[str, Any]) -> bool:
    return bool(options["verbose"] or options["verbosity"] >= VERBOSE)


def _complaint(outcome: Outcome, *, named: bool, seen: Collection[str]) -> str:
    """What went wrong; `named` when the items that failed were shown already, as the lines `seen` of the log were."""
    resuming = f"`manage.py resume_run {outcome.run}` continues after the last commit"
    if outcome.status is Status.SUCCEEDED:
        text = f"{outcome.counts['failed']:,} of {outcome.counts['processed']:,} items failed"
        return text if named else f"{text}: `--verbose` names them"
    if outcome.status is Status.CANCELLED:
        return f"cancelled: {resuming}" if registry.find(outcome.operation).resumable else "cancelled"
    if outcome.status is Status.FAILED and (exceeded := outcome.result.get(LIMIT_EXCEEDED)):
        option = OPTIONS[exceeded[0]["limit"]]  # taken up again without it, the run would meet the same limit
        return f"{outcome.error}; `manage.py resume_run {outcome.run} {option} N` goes on"
    if outcome.status is Status.FAILED and outcome.counts["processed"]:
        error = "no step succeeded" if {*outcome.error.split("; ")} <= {*seen} else outcome.error
        return f"{error} ({resuming})"
    return outcome.error or f"the run is {outcome.status}"


def _has(parser: CommandParser, name: str) -> bool:
    return any(action.dest == name for action in parser._actions)  # noqa: SLF001 - argparse tells it nowhere else
