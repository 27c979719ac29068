"""What an operation gets to work with: its batches, its steps, its report and its log."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from backend.operations import connections, files, parts
from backend.operations.batches import Batch, Prepare, Write
from backend.operations.control import Control
from backend.operations.counts import Counts, Tally
from backend.operations.errors import Divided, OperationError, PartDone
from backend.operations.failures import explanation
from backend.operations.files import InputFile
from backend.operations.ledger import Ledger, Outcomes, StepState
from backend.operations.paging import BatchSize, Page, QuerySetPages, Source, fetched, function_pages, limited
from backend.operations.plans import Change
from backend.operations.shares import Cursor

T = TypeVar("T")
MOST_ROWS = 2_000
MOST_KEYS = 50_000
"""A batch whose rows are never loaded may be larger."""
MOST_FETCHED = 500
STEP_FAILED = "step_failed"


class Step:
    """A part of a run with its own cursor and counts; one that is done is not done again when the run is resumed."""

    def __init__(self, name: str, ledger: Ledger, control: Control, *, dry_run: bool) -> None:
        self.name = name
        self.dry_run = dry_run
        self._ledger = ledger
        self._control = control

    @property
    def _state(self) -> StepState:
        return self._ledger.steps.get(self.name, StepState())

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

    def batches(
        self, source: Source[T], *, limit: int | None = None, fetch: Callable[[Sequence[T]], Any] | None = None
    ) -> Iterator[Batch[T]]:
        """The items of `source` behind the step's cursor, in batches of about half a second.

        Args:
            source: a queryset, paged by primary key (one of `values()` includes `pk`); or a function from the cursor to
                the pages behind it, `(items, cursor)` each. A page whose cursor is None cannot be resumed from: the
                step then starts again.
            limit: at most so many items, those before a resumption included.
            fetch: called with the items of the next batches in background threads, where there is no database, while
                this one is worked on; what it returns is `batch.fetched`, what it raises is raised there.
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
        if self._is_divided(source, limit):
            raise Divided
        pages = QuerySetPages(source) if isinstance(source, QuerySet) else None
        size = BatchSize(20, 1, MOST_FETCHED) if fetch else BatchSize(MOST_ROWS, 100, MOST_ROWS)
        for page in self._pages(source, limit, size, fetch):
            self._control.check()
            batch = Batch(self, page, pages)
            yield batch
            if not batch.committed:
                self.advance(page.cursor, [], Counts.one("unchanged", page.number))
            if page.rows is None:
                size.allow(MOST_KEYS)
            size.learn(page.number)
            page.release()
        self._control.check()
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

    def write(self, cursor: Cursor, effect: Callable[[], Outcomes]) -> Sequence[Change]:
        """Carry out the effect of a batch, together with the progress that it means, in one transaction.

        Returns what is to be shown.
        """
        return self._ledger.commit(self.name, cursor, effect)

    def show(self, changes: Sequence[Change]) -> None:
        """Tell whoever is watching what was written."""
        self._ledger.show(self.name, changes)

    def advance(self, cursor: Cursor, changes: Sequence[Change], counts: Counts) -> None:
        """Count a batch that has no effect."""
        self._ledger.advance(self.name, cursor, changes, counts)
        self._ledger.flush_at_leisure(self.name, changes)

    def forget_failure(self) -> None:
        """The step is tried again: that it failed before does not count any more."""
        failure = Counts.one("failed", 1, STEP_FAILED) if self._state.error else Counts()
        self._ledger.update(self.name, error="", counts=self._state.counts - failure)

    def _is_divided(self, source: Source[T], limit: int | None) -> bool:
        if self._ledger.partitions == 1 or not isinstance(source, QuerySet):
            return False
        left = None if limit is None else max(0, limit - self._state.counts.processed)
        return parts.split(self._ledger, self.name, source, limit=left)

    def _start(self, source: Source[T], limit: int | None) -> None:
        state = self._state
        if state.cursor is None and state.counts.processed:
            self._ledger.update(self.name, counts=Counts() if self.dry_run else state.counts.restarted())
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
        return fetched(found, fetch) if fetch else found


class RunContext(Step):
    """One run, as its operation sees it; also its first, nameless step."""

    def __init__(self, ledger: Ledger, control: Control, *, dry_run: bool) -> None:
        super().__init__("", ledger, control, dry_run=dry_run)

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
        step = Step(name, self._ledger, self._control, dry_run=self.dry_run)
        step.forget_failure()
        try:
            yield step
        except isolate as error:
            if connections.is_passing(error):
                raise
            change = Change("failed", name, f"{name}: {explanation(error)}", reason=STEP_FAILED)
            step.advance(step.cursor, [change], Counts.of([change]))
            self._ledger.update(name, error=explanation(error))
            self.log(f"{name} failed: {explanation(error)}")

    def report(self, line: str, **result: Any) -> None:
        """Add a line to the result for people, and its figures to the result for programs."""
        self._ledger.report.append(line)
        self._ledger.result.update(result)

    def log(self, message: str) -> None:
        """Add a line to the run's log."""
        self._ledger.log(message)

    def open(self, file: InputFile) -> IO[bytes]:
        """The content of a file that the run was given. Raises OperationError when it is gone or another one by now."""
        return files.opened(self._ledger.files_of, file)

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
