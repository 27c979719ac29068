"""Writes what becomes of a step's items, with the progress that it means and within the limits that hold for it."""

import logging
from collections.abc import Callable, Sequence, Sized
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from upkeep.operations.counts import Counts, Outcomes
from upkeep.operations.execution import failures, parts, previews
from upkeep.operations.execution.failures import explanation
from upkeep.operations.execution.guard import Guard
from upkeep.operations.execution.ledger import Ledger, StepState
from upkeep.operations.execution.previews import Approval
from upkeep.operations.execution.shares import Cursor
from upkeep.operations.execution.trials import Hearing
from upkeep.operations.limits import LIMIT_EXCEEDED, Coming, LimitExceededError
from upkeep.operations.plans import Change

logger = logging.getLogger(__name__)
STEP_FAILED = "step_failed"
STOPPED = (STEP_FAILED, LIMIT_EXCEEDED)


class StepWriter:
    """A step as its batches see it; `errors` are those that its operation expects."""

    def __init__(  # noqa: PLR0913 - what holds for all steps of a run
        self,
        name: str,
        ledger: Ledger,
        guard: Guard,
        *,
        dry_run: bool,
        errors: tuple[type[Exception], ...] = (),
        approval: Approval | None = None,
    ) -> None:
        self.name = name
        self.dry_run = dry_run
        self.ledger = ledger
        self.guard = guard
        self.errors = errors
        self.approval = approval
        self.hearing = Hearing()

    def of(self, name: str) -> "StepWriter":
        """The writer of another step of the run."""
        return StepWriter(
            name, self.ledger, self.guard, dry_run=self.dry_run, errors=self.errors, approval=self.approval
        )

    @property
    def state(self) -> StepState:
        """Where the step stands."""
        return self.ledger.step(self.name)

    @property
    def room(self) -> int:
        """How many changes of this run may still be recorded."""
        return self.ledger.room

    def write(
        self, cursor: Cursor, effect: Callable[[], Outcomes], *, planned: Coming | None = None
    ) -> Sequence[Change]:
        """Carry out the effect of a batch, together with the progress that it means, in one transaction.

        Returns what is to be shown. Raises LimitExceededError before the effect when what is `planned` exceeds a limit;
        where that is not known, when its outcomes do, and it is rolled back.
        """

        def within_limits() -> Outcomes:
            reached = self.guard.reached(self.name)
            if planned:
                self.guard.check(self.name, reached, planned)
            changes, counts = effect()
            if not planned:
                self.guard.check(self.name, reached, Coming(counts, changes))
            return changes, counts

        return self.ledger.commit(self.name, cursor, within_limits)

    @property
    def keeps_plan(self) -> bool:
        """Whether what its batches would do is kept, for a run that applies exactly that."""
        return self.dry_run and self.ledger.keeps_plan

    def plan(self, cursor: Cursor, outcomes: Callable[[], Outcomes], *, digested: Sequence[Change] = ()) -> None:
        """Count what a batch of a dry run would do, and keep the digests of it that SQL has not kept already."""

        def kept() -> Outcomes:
            previews.record(self.ledger.whole, self.name, digested)
            return outcomes()

        self.show(self.ledger.commit(self.name, cursor, kept))

    def digest_params(self) -> dict[str, Any]:
        """What a statement needs that keeps or obeys digests."""
        return previews.sql_params(self.approval or self.ledger.whole, self.name)

    def meet(self, number: int) -> None:
        """Count changes that are about something that the applied preview would have changed."""
        if number:
            self.ledger.update(self.name, came_up=self.state.came_up + number)

    def failed(self, change: Change, error: Exception) -> Change:
        """What becomes of an item whose change could not be carried out.

        The first of each class of errors that may be the code's fault as well as the data's is logged with its stack.
        """
        unexpected = isinstance(error, failures.PERHAPS_OF_CODE) and not isinstance(error, self.errors)
        if unexpected and type(error) not in self.ledger.logged_errors:
            self.ledger.logged_errors.add(type(error))
            place = f"run {self.ledger.run_id} of {self.ledger.operation}"
            logger.error("%s: %s failed by an unexpected error", place, change.label, exc_info=error)
        return failures.failed(change, error)

    def show(self, changes: Sequence[Change]) -> None:
        """Report what was written to the watcher."""
        self.ledger.show(self.name, changes)

    def advance(self, cursor: Cursor, changes: Sequence[Change], counts: Counts) -> None:
        """Count a batch that has no effect."""
        self.ledger.advance(self.name, cursor, changes, counts)
        self.ledger.flush_at_leisure(self.name, changes)

    def check_limits(self) -> None:
        """Raise LimitExceededError when the step has exceeded a limit."""
        if self.ledger.part:
            with transaction.atomic():
                self.guard.check(self.name, self.guard.reached(self.name))
        else:
            self.guard.check(self.name, self.guard.reached(self.name))

    def split(self, source: object, *, limit: int | None) -> bool:
        """Share what is left of the step among workers, if the run is to be split; returns whether it was."""
        if self.ledger.partitions == 1 or not isinstance(source, QuerySet):
            return False
        left = None if limit is None else max(0, limit - self.state.counts.processed)
        return parts.split(self.ledger, self.name, source, limit=left)

    def start(self, source: object, limit: int | None) -> None:
        """Begin the step's items: from the start where its last page had no cursor, and with their number if known."""
        if self.state.cursor is None and self.state.counts.processed:
            self.ledger.restart(self.name)
        if self.state.total is None and isinstance(source, (QuerySet, Sized)):
            number = source.count() if isinstance(source, QuerySet) else len(source)
            self.ledger.update(self.name, total=number if limit is None else min(number, limit))

    def fail(self, error: Exception) -> None:
        """Stop the step by this error: that is one failed item, until it is tried again."""
        reason, text = STEP_FAILED, explanation(error)
        if isinstance(error, LimitExceededError):
            reason = LIMIT_EXCEEDED
            self.ledger.result.setdefault(LIMIT_EXCEEDED, []).append(error.as_json())
            if line := error.coming and error.coming.line():
                self.ledger.report.append(f"{self.name}: {line}" if self.name else line)
        change = Change("failed", self.name, f"{self.name}: {text}" if self.name else text, reason=reason)
        self.advance(self.state.cursor, [change], Counts.of([change]))
        self.ledger.update(self.name, error=text)

    def forget_failure(self) -> None:
        """Try the step again: that it failed before does not count any more."""
        if self.state.error:
            self.ledger.retry(self.name, STOPPED)

    def note(self, items: Sequence[Any], in_vain: Callable[[Sequence[Any]], None] | None) -> None:
        """Call `in_vain` with items that were asked about without an answer, in a transaction; not in a dry run."""
        if in_vain and not self.dry_run:

            def noted() -> Outcomes:
                in_vain(items)
                return (), Counts()

            self.ledger.commit(self.name, self.state.cursor, noted)
