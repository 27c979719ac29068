"""What an operation gets to work with: its batches, its steps, its report and its log."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

from upkeep.operations.errors import OperationError
from upkeep.operations.execution.counts import Counts
from upkeep.operations.execution.failures import explanation
from upkeep.operations.limits import LIMIT_EXCEEDED, LimitExceededError
from upkeep.operations.steps import Step

if TYPE_CHECKING:  # an operation may be declared before there are models, which these need
    from upkeep.operations.execution.ledger import Ledger
    from upkeep.operations.execution.stopping import Control
    from upkeep.operations.files import InputFile
    from upkeep.operations.guard import Guard


class RunContext(Step):
    """One run, as its operation sees it; also its first, nameless step."""

    def __init__(self, ledger: "Ledger", control: "Control", guard: "Guard", *, dry_run: bool) -> None:
        super().__init__("", ledger, control, guard, dry_run=dry_run)
        if self.error:
            self.forget_failure()

    @property
    def id(self) -> UUID:
        """The run's."""
        return self._ledger.run_id

    @property
    def counts_by_step(self) -> Mapping[str, Counts]:
        """What has become of the items of each step so far, before a resumption too."""
        return {name: step.counts for name, step in self._ledger.steps.items()}

    @property
    def tally(self) -> Mapping[str, int]:
        """The sums of what all its steps tallied."""
        return self._ledger.counts.tally

    @contextmanager
    def step(self, name: str, *, isolate: type[Exception] | tuple[type[Exception], ...] = ()) -> Iterator[Step]:
        """A named step. An `isolate` error ends it as one failed item, and the run goes on with its other steps.

        A lost connection to the database is never one: what was committed last is not known then.
        """
        from upkeep.operations.leases import connections  # noqa: PLC0415 - needs models

        step = self._step(name)
        step.forget_failure()
        try:
            yield step
        except isolate as error:
            if connections.is_passing(error):
                raise
            step.fail(error)
            self.log(f"{name} failed: {explanation(error)}")

    def stop(self, error: LimitExceededError) -> None:
        """Count the step that exceeded a limit as failed, which was not isolated: the run ends."""
        self._step(error.step).fail(error)

    def report_limits(self, *, asks: bool) -> None:
        """At the end of a dry run, say which limits would stop a real one, which on a terminal perhaps `asks` first."""
        for error in self._guard.errors() if self.dry_run and not self._ledger.part else ():
            who = (
                "A run that nobody confirms on a terminal" if asks and error.excess.limit != "failed" else "A real run"
            )
            where = f" at {error.step}" if error.step else ""
            self.report(f"{who} would be stopped{where} ({LIMIT_EXCEEDED}): {error}")
            self._ledger.result.setdefault(LIMIT_EXCEEDED, []).append(error.as_json())

    def about(self, *names: str) -> None:
        """Record at once what the run turned out to be about, such as `organization:acme`.

        To be called before anything of it is recorded: by that name the run is found when it is erased. What follows
        from the params alone is declared: `@operation(…, about=…)`.
        """
        from upkeep.operations import subjects  # noqa: PLC0415 - needs models

        subjects.note({self._ledger.run_id, self._ledger.whole}, names)

    def report(self, line: str, **result: Any) -> None:
        """Add a line to the result for people, and its figures to the result for programs."""
        self._ledger.report.append(line)
        self._ledger.result.update(result)

    def log(self, message: str) -> None:
        """Add a line to the run's log."""
        self._ledger.log(message)

    def open(self, file: "InputFile") -> IO[bytes]:
        """The content of a file that the run was given. Raises OperationError when it is gone or another one by now."""
        from upkeep.operations import files  # noqa: PLC0415 - needs models

        return files.opened(self._ledger.whole, file)

    def check_part(self) -> None:
        """Raise OperationError when the run is a part, and the operation ended without coming to its step."""
        if self._ledger.part:
            raise OperationError(
                f"it is a part of step {self._ledger.part.step!r}, to which the operation did not come"
            )

    def check_steps(self) -> None:
        """Raise OperationError when the run had steps and every one of them was stopped by its error."""
        errors = {name: step.error for name, step in self._ledger.steps.items() if name}
        if errors and all(errors.values()) and not self._state.counts.processed:
            raise OperationError("; ".join(f"{name}: {error}" for name, error in errors.items()))

    def _step(self, name: str) -> Step:
        return Step(name, self._ledger, self._control, self._guard, dry_run=self.dry_run)
