"""A step of a run: where its items come from, and how far they are done."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from upkeep.operations.errors import Divided, OperationError, PartDone
from upkeep.operations.execution.batches import Batch, Prepare, Write
from upkeep.operations.execution.counts import Counts, Outcomes, Tally
from upkeep.operations.execution.failures import explanation
from upkeep.operations.execution.paging import (
    FETCHES_IN_FLIGHT,
    BatchSize,
    Page,
    QuerySetPages,
    Source,
    fetched,
    function_pages,
    limited,
)
from upkeep.operations.execution.shares import Cursor
from upkeep.operations.limits import LIMIT_EXCEEDED, LimitExceededError, Limits
from upkeep.operations.plans import Change
from upkeep.operations.trials import Hearing, Trial

if TYPE_CHECKING:  # an operation may be declared before there are models, which these need
    from upkeep.operations.execution.ledger import Ledger, StepState
    from upkeep.operations.execution.stopping import Control
    from upkeep.operations.guard import Guard

T = TypeVar("T")
MOST_ROWS = 2_000
MOST_KEYS = 50_000
"""A batch whose rows are never loaded may be larger."""
MOST_FETCHED = 500
STEP_FAILED = "step_failed"
STOPPED = (STEP_FAILED, LIMIT_EXCEEDED)


class Step:
    """A part of a run with its own cursor and counts; one that is done is not done again when the run is resumed."""

    def __init__(self, name: str, ledger: "Ledger", control: "Control", guard: "Guard", *, dry_run: bool) -> None:
        self.name = name
        self.dry_run = dry_run
        self._ledger = ledger
        self._control = control
        self._guard = guard
        self.hearing = Hearing()

    @property
    def _state(self) -> "StepState":
        return self._ledger.step(self.name)

    @property
    def cursor(self) -> Cursor:
        """How far the step is committed."""
        return self._state.cursor

    @property
    def done(self) -> bool:
        """Whether it came to its end, perhaps before a resumption."""
        return self._state.done

    @property
    def error(self) -> str:
        """By which isolated error it was stopped; empty when it was not."""
        return self._state.error

    @property
    def tally(self) -> Mapping[str, int]:
        """The sums of what its batches tallied, those before a resumption and those of its parts included."""
        return self._state.counts.tally

    @property
    def room(self) -> int:
        """How many changes of this run may still be recorded."""
        return self._ledger.room

    def limit(self, limits: Limits, *, of: int | None = None) -> None:
        """Let these limits hold for this step instead of the operation's; before its `batches`.

        What a resumed run did before counts, too, and so does `of` as it was then.

        Args:
            limits: without `before_first`, which an operation declares.
            of: the number that their shares are of, where that is neither the number of rows of the step's queryset nor
                of the items that it plans: to remove at most 30 % of what is stored, the number of what is stored.

        Raises:
            ValueError: the limits want to be counted `before_first`.
        """
        if limits.before_first:
            raise ValueError("before_first is declared with the operation, which is counted as a whole")
        self._guard.limit(self.name, limits, of=of)

    @property
    def is_shared(self) -> bool:
        """Whether parts may share the items of the run: all of them have to find the same ones in a source."""
        return self._ledger.partitions > 1 or self._ledger.part is not None

    def batches(
        self,
        source: Source[T],
        *,
        limit: int | None = None,
        fetch: Callable[[Sequence[T]], Any] | None = None,
        trial: Trial | None = None,
        in_vain: Callable[[Sequence[T]], None] | None = None,
    ) -> Iterator[Batch[T]]:
        """The items of `source` behind the step's cursor, in batches of about half a second.

        Args:
            source: a queryset, paged by primary key (one of `values()` includes `pk`); or a function from the cursor to
                the pages behind it, `(items, cursor)` each. A page whose cursor is None cannot be resumed from: the
                step then starts again.
            limit: at most so many items, those before a resumption included.
            fetch: called with the items of the next batches in background threads, where there is no database, while
                this one is worked on; what it returns is `batch.fetched`, what it raises ends the step.
            trial: what has to come before refusals are believed. Parts are made only after that.
            in_vain: called with the items of a batch whose `fetch` raised, or with all that the trial held back to an
                end with an error; in a transaction of its own, and not in a dry run.
        """
        self._ledger.take(self.name)
        part = self._ledger.part
        if part and part.step == self.name and self._state.done:
            raise PartDone
        if self._state.done or (part and part.step != self.name):
            return
        if part:
            source, limit = part.of_source(source), None
        self._start(source, limit)
        self.hearing = Hearing(None if part or (trial and trial.is_over(self._state.counts)) else trial)
        if self.hearing.is_over and self._is_divided(source, limit):
            raise Divided
        pages = QuerySetPages(source) if isinstance(source, QuerySet) else None
        size = BatchSize(20, 1, MOST_FETCHED) if fetch else BatchSize(MOST_ROWS, 100, MOST_ROWS)
        for page in self._checked(self._pages(source, limit, size, fetch), in_vain):
            batch, was_on_trial = Batch(self, page, pages), not self.hearing.is_over
            yield batch
            self._end_batch(batch)
            if was_on_trial and self.hearing.is_over and self._is_divided(source, limit):
                raise Divided
            if page.rows is None:
                size.allow(MOST_KEYS)
            size.learn(page.number)
            page.release()
        self._control.check()
        self._end_hearing(in_vain)
        self._ledger.update(self.name, done=True)
        if part:
            raise PartDone

    def commit(
        self,
        plan: Callable[[], Iterable[Change]],
        write: Write,
        prepare: Prepare | None = None,
        *,
        tally: Tally | None = None,
        whole: bool = False,
    ) -> None:
        """Make a plan and carry it out, as a batch of its own; skipped when that was done before a resumption."""

        def no_items(after: Cursor) -> list[tuple[Sequence[object], Cursor]]:
            return [((), 0)] if after is None else []

        for batch in self.batches(no_items):
            batch.commit(plan(), write=write, prepare=prepare, tally=tally, whole=whole)

    def apply(self, effect: Callable[[], Mapping[str, int]]) -> None:
        """Carry out an effect that is not one of items, in one transaction with the figures that it adds to the tally.

        A resumed run carries it out again. A dry run does not.
        """
        if not self.dry_run:
            self._ledger.commit(self.name, self.cursor, lambda: ((), Counts(tallies={"": effect()})))

    def write(
        self, cursor: Cursor, effect: Callable[[], Outcomes], *, planned: Counts | None = None
    ) -> Sequence[Change]:
        """Carry out the effect of a batch, together with the progress that it means, in one transaction.

        Returns what is to be shown. Raises LimitExceededError before the effect when what is `planned` exceeds a limit;
        where that is not known, when its outcomes do, and it is rolled back.
        """

        def within_limits() -> Outcomes:
            reached = self._guard.reached(self.name)
            if planned:
                self._guard.check(self.name, reached, planned)
            changes, counts = effect()
            if not planned:
                self._guard.check(self.name, reached, counts)
            return changes, counts

        return self._ledger.commit(self.name, cursor, within_limits)

    def show(self, changes: Sequence[Change]) -> None:
        """Tell whoever is watching what was written."""
        self._ledger.show(self.name, changes)

    def advance(self, cursor: Cursor, changes: Sequence[Change], counts: Counts) -> None:
        """Count a batch that has no effect."""
        self._ledger.advance(self.name, cursor, changes, counts)
        self._ledger.flush_at_leisure(self.name, changes)

    def forget_failure(self) -> None:
        """The step is tried again: that it failed before does not count any more."""
        if self.error:
            self._ledger.retry(self.name, STOPPED)

    def fail(self, error: Exception) -> None:
        """The step was stopped by this error: that is one failed item, until it is tried again."""
        reason, told = STEP_FAILED, explanation(error)
        if isinstance(error, LimitExceededError):
            reason = LIMIT_EXCEEDED
            self._ledger.result.setdefault(LIMIT_EXCEEDED, []).append(error.as_json())
        change = Change("failed", self.name, f"{self.name}: {told}" if self.name else told, reason=reason)
        self.advance(self.cursor, [change], Counts.of([change]))
        self._ledger.update(self.name, error=told)

    def _end_batch(self, batch: Batch[Any]) -> None:
        if not batch.committed:
            self.advance(batch.cursor, [], Counts.one("unchanged", len(batch)))
        if self._ledger.part:
            with transaction.atomic():
                self._guard.check(self.name, self._guard.reached(self.name))
        else:
            self._guard.check(self.name, self._guard.reached(self.name))

    def _checked(self, pages: Iterator[Page[T]], in_vain: Callable[[Sequence[T]], None] | None) -> Iterator[Page[T]]:
        for page in pages:
            self._control.check()
            if page.error:
                self._note(page.items, in_vain)
                raise page.error
            yield page

    def _end_hearing(self, in_vain: Callable[[Sequence[Any]], None] | None) -> None:
        try:
            self.hearing.end()
        except OperationError:
            self._note(self.hearing.items, in_vain)
            raise

    def _note(self, items: Sequence[Any], in_vain: Callable[[Sequence[Any]], None] | None) -> None:
        def noted() -> Mapping[str, int]:
            if in_vain:
                in_vain(items)
            return {}

        self.apply(noted)

    def _is_divided(self, source: Source[T], limit: int | None) -> bool:
        if self._ledger.partitions == 1 or not isinstance(source, QuerySet):
            return False
        from upkeep.operations.execution import parts  # noqa: PLC0415 - needs models

        left = None if limit is None else max(0, limit - self._state.counts.processed)
        return parts.split(self._ledger, self.name, source, limit=left)

    def _start(self, source: Source[T], limit: int | None) -> None:
        state = self._state
        if state.cursor is None and state.counts.processed:
            self._ledger.restart(self.name)
        if state.total is None and isinstance(source, QuerySet):
            number = source.count()
            self._ledger.update(self.name, total=number if limit is None else min(number, limit))

    def _pages(
        self,
        source: Source[T],
        limit: int | None,
        size: BatchSize,
        fetch: Callable[[Sequence[T]], Any] | None,
    ) -> Iterator[Page[T]]:
        if isinstance(source, QuerySet):
            found = QuerySetPages(source).pages(self.cursor, size, rows=fetch is not None)
        else:
            found = function_pages(source(self.cursor))
        left = None if limit is None else max(0, limit - self._state.counts.processed)
        found = limited(found, left, size)
        if not fetch:
            return found
        # What is fetched ahead of a division would be fetched by a part again.
        will_divide = not self.hearing.is_over and self._ledger.partitions > 1
        return fetched(found, fetch, in_flight=0 if will_divide else FETCHES_IN_FLIGHT)
