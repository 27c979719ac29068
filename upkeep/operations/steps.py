"""A step of a run: where its items come from, and how far they are done."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import QuerySet

from upkeep.operations.counts import Counts, Tally
from upkeep.operations.errors import Divided, OperationError, PartDone
from upkeep.operations.execution.batches import Batch, Prepare, Write
from upkeep.operations.execution.paging import (
    FETCHES_IN_FLIGHT,
    BatchSize,
    Page,
    QuerySetPages,
    Source,
    check_pageable,
    fetched,
    function_pages,
    iterable_pages,
    limited,
)
from upkeep.operations.execution.shares import Cursor
from upkeep.operations.execution.trials import Hearing, Trial
from upkeep.operations.limits import Limits
from upkeep.operations.plans import Change

if TYPE_CHECKING:  # an operation may be declared before there are models, which these need
    from upkeep.operations.execution.stopping import Control
    from upkeep.operations.execution.writer import StepWriter

T = TypeVar("T")
Fetch = Callable[[Sequence[T]], Any] | None
InVain = Callable[[Sequence[T]], None] | None
MAX_ROWS = 2_000
MAX_KEYS = 50_000
"""A batch whose rows are never loaded may be larger."""
MAX_FETCHED = 500


class Step:
    """A part of a run with its own cursor and counts; one that is done is not done again when the run is resumed."""

    def __init__(self, writer: "StepWriter", control: "Control") -> None:
        self._writer = writer
        self._control = control

    @property
    def name(self) -> str:
        """What it is called in messages and in the run's record; empty for the run's first."""
        return self._writer.name

    @property
    def dry_run(self) -> bool:
        """Whether the run only shows what it would do."""
        return self._writer.dry_run

    @property
    def cursor(self) -> Cursor:
        """How far the step is committed."""
        return self._writer.state.cursor

    @property
    def done(self) -> bool:
        """Whether it came to its end, perhaps before a resumption."""
        return self._writer.state.done

    @property
    def error(self) -> str:
        """The isolated error that stopped it; empty when none did."""
        return self._writer.state.error

    @property
    def tally(self) -> Mapping[str, int]:
        """The sums of what its batches tallied, those before a resumption and those of its parts included."""
        return self._writer.state.counts.tally

    @property
    def room(self) -> int:
        """How many more changes of this run can be recorded; further ones are only counted."""
        return self._writer.room

    def limit(self, limits: Limits, *, of: int | None = None) -> Limits:
        """Let these limits hold for this step instead of the operation's; before its `batches`.

        What was done before a resumption counts too, and `of` stays as it was then. Returns the limits that hold: what
        the run was given (`--max-deleted 20`) replaces these.

        Args:
            limits: without `before_first`, which an operation declares.
            of: the number that their shares are of, where that is neither the number of rows of the step's queryset nor
                of the items that it plans: to remove at most 30 % of what is stored, the number of what is stored.

        Raises:
            ValueError: the limits want to be counted `before_first`.
        """
        if limits.before_first:
            raise ValueError("before_first is declared with the operation, which is counted as a whole")
        return self._writer.guard.limit(self.name, limits, of=of)

    @property
    def is_shared(self) -> bool:
        """Whether parts may share the items of the run: all of them have to find the same ones in a source."""
        ledger = self._writer.ledger
        return ledger.partitions > 1 or ledger.part is not None

    def batches(
        self,
        source: Source[T],
        *,
        limit: int | None = None,
        fetch: Fetch[T] = None,
        trial: Trial | None = None,
        in_vain: InVain[T] = None,
    ) -> Iterator[Batch[T]]:
        """The items of `source` after the step's cursor, in batches of about half a second.

        Args:
            source: a queryset, paged by primary key (one of `values()` includes `pk`); a function from the cursor to
                the pages after it, `(items, cursor)` each; or any items. After a page whose cursor is None, and with
                items, which have none, a resumed step starts again.
            limit: how many items at most, those before a resumption included.
            fetch: called with the items of the next batches in background threads, without a database, while this one
                is worked on; what it returns is `batch.fetched`, what it raises ends the step.
            trial: what has to come before refusals are believed. Parts are made only after that.
            in_vain: called with the items of a batch whose `fetch` raised, or with all that the trial held back to an
                end with an error; in a transaction of its own, and not in a dry run.

        Raises:
            TypeError: the queryset is sliced, or one of `values()` without `pk`.
        """
        if isinstance(source, QuerySet):
            check_pageable(source)
        begun = self._begin(source, limit, trial)
        if begun is None:
            return
        source, limit = begun
        pages = QuerySetPages(source) if isinstance(source, QuerySet) else None
        size = BatchSize(20, 1, MAX_FETCHED) if fetch else BatchSize(MAX_ROWS, 100, MAX_ROWS)
        for page in self._checked(self._pages(source, limit, size, fetch), in_vain):
            batch, was_on_trial = Batch(self._writer, page, pages), not self._writer.hearing.is_over
            yield batch
            if not batch.committed:
                self._writer.advance(batch.cursor, [], Counts.one("unchanged", len(batch)))
            self._writer.check_limits()
            if was_on_trial:
                self._divide(source, limit)
            if page.rows is None:
                size.allow(MAX_KEYS)
            size.learn(page.number)
            page.release()
        self._end(in_vain)

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
        """Carry out an effect that is not about items, in one transaction with the figures that it adds to the tally.

        A resumed run carries it out again. A dry run does not.
        """
        if not self.dry_run:
            self._writer.ledger.commit(self.name, self.cursor, lambda: ((), Counts(tallies={"": effect()})))

    def _begin(self, source: Source[T], limit: int | None, trial: Trial | None) -> tuple[Source[T], int | None] | None:
        """Begin the step. Returns the items that this run has to do and how many at most; None when none are left."""
        ledger, state = self._writer.ledger, self._writer.state
        ledger.begin_step(self.name)
        part = ledger.part
        if part and part.step == self.name and state.done:
            raise PartDone
        if state.done or (part and part.step != self.name):
            return None
        if part:
            source, limit = part.of_source(source), None
        self._writer.start(source, limit)
        believed = part or (trial and trial.is_over(self._writer.state.counts))
        self._writer.hearing = Hearing(None if believed else trial)
        self._divide(source, limit)
        return source, limit

    def _divide(self, source: Source[T], limit: int | None) -> None:
        """Leave the rest to parts, if it is time for them and the run is to be split. Raises Divided."""
        if self._writer.hearing.is_over and self._writer.split(source, limit=limit):
            raise Divided

    def _checked(self, pages: Iterator[Page[T]], in_vain: InVain[T]) -> Iterator[Page[T]]:
        for page in pages:
            self._control.check()
            if page.error:
                self._writer.note(page.items, in_vain)
                raise page.error
            yield page

    def _end(self, in_vain: InVain[T]) -> None:
        """Record that the step came to its end. Raises PartDone in a part, and OperationError of its trial."""
        self._control.check()
        try:
            self._writer.hearing.end()
        except OperationError:
            self._writer.note(self._writer.hearing.items, in_vain)
            raise
        self._writer.ledger.update(self.name, done=True)
        if self._writer.ledger.part:
            raise PartDone

    def _pages(self, source: Source[T], limit: int | None, size: BatchSize, fetch: Fetch[T]) -> Iterator[Page[T]]:
        if isinstance(source, QuerySet):
            found = QuerySetPages(source).pages(self.cursor, size, rows=fetch is not None)
        elif callable(source):
            found = function_pages(source(self.cursor))
        else:
            found = iterable_pages(source, size)
        left = None if limit is None else max(0, limit - self._writer.state.counts.processed)
        found = limited(found, left, size)
        if not fetch:
            return found
        # What is fetched ahead of a division would be fetched by a part again.
        will_divide = not self._writer.hearing.is_over and self._writer.ledger.partitions > 1
        return fetched(found, fetch, in_flight=0 if will_divide else FETCHES_IN_FLIGHT)
