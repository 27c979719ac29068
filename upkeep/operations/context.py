"""What an operation gets to work with: its batches, its steps, its report and its log."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

from upkeep.operations.counts import Counts
from upkeep.operations.execution.failures import explanation
from upkeep.operations.limits import RunLimits
from upkeep.operations.steps import Step

if TYPE_CHECKING:  # an operation may be declared before there are models, which these need
    from upkeep.operations.execution.stopping import Control
    from upkeep.operations.execution.writer import StepWriter
    from upkeep.operations.files import InputFile, OutputFile


class RunContext(Step):
    """One run, as its operation sees it; also its first, nameless step."""

    def __init__(self, writer: "StepWriter", control: "Control") -> None:
        super().__init__(writer, control)
        writer.forget_failure()

    @property
    def id(self) -> UUID:
        """The run's."""
        return self._writer.ledger.run_id

    @property
    def whole_id(self) -> UUID:
        """The id of the run that this one is a part of; its own, if it is not a part."""
        return self._writer.ledger.whole_id

    @property
    def counts_by_step(self) -> Mapping[str, Counts]:
        """What has become of the items of each step so far, before a resumption too."""
        return {name: step.counts for name, step in self._writer.ledger.steps.items()}

    @property
    def tally(self) -> Mapping[str, int]:
        """The sums of what all its steps tallied."""
        return self._writer.ledger.counts.tally

    @property
    def limits(self) -> RunLimits:
        """The limits that this run was given (`--max-deleted 20`), for the runs that it starts."""
        return self._writer.guard.given

    @contextmanager
    def step(self, name: str, *, isolate: type[Exception] | tuple[type[Exception], ...] = ()) -> Iterator[Step]:
        """A named step. An `isolate` error ends it as one failed item, and the run continues with its other steps.

        A lost connection to the database is never one: what was committed last is not known then.
        Raises TypeError for a name that is not a text.
        """
        if not isinstance(name, str):
            raise TypeError(f"the name of a step is a text, not {name!r}: write `run.step({str(name)!r})`")
        from upkeep.operations.leases import connections  # noqa: PLC0415 - needs models

        writer = self._writer.of(name)
        writer.forget_failure()
        try:
            yield Step(writer, self._control)
        except isolate as error:
            if connections.is_passing(error):
                raise
            writer.fail(error)
            self.log(f"{name}: {explanation(error)}")

    def about(self, *names: str) -> None:
        """Record at once what the run turned out to be about, such as `organization:acme`.

        To be called before anything of it is recorded: by that name the run is found when it is erased. What follows
        from the params alone is declared: `@operation(…, about=…)`.
        """
        from upkeep.operations import subjects  # noqa: PLC0415 - needs models

        subjects.note({self._writer.ledger.run_id, self._writer.ledger.whole}, names)

    def report(self, line: str, **result: Any) -> None:
        """Add a line to the result for people, and its figures to the result for programs."""
        self._writer.ledger.report.append(line)
        self._writer.ledger.result.update(result)

    def log(self, message: object) -> None:
        """Add a line to the run's log: the message as a text."""
        self._writer.ledger.log(str(message))

    def flush(self) -> None:
        """Write the log and the progress as they are now, at most once a second; outside a transaction.

        Batches do that by themselves: this is for work that has none. Raises LostClaim.
        """
        self._writer.ledger.flush_when_due()

    def check(self) -> None:
        """Raise RunInterrupted when the run was cancelled, HandOver when its worker is stopping.

        Batches do that by themselves: this is for work that has none.
        """
        self._control.check()

    def open(self, file: "InputFile") -> IO[bytes]:
        """The content of a file that the run was given. Raises OperationError when it is gone or another one by now."""
        from upkeep.operations import files  # noqa: PLC0415 - needs models

        return files.opened(self._writer.ledger.whole, file)

    def create(self, file: "OutputFile") -> IO[str]:
        """The file that the run was told to write, empty, for text in UTF-8. Raises OperationError.

        What it replaces is gone at once, in a dry run too.
        """
        from upkeep.operations import files  # noqa: PLC0415 - needs models

        return files.created(file)
