"""A batch: some items of a step, and the two ways to commit what becomes of them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from django.db import connection, transaction

from upkeep.operations.counts import Counts, Outcomes, Tally
from upkeep.operations.errors import OperationError
from upkeep.operations.execution.digests import UNAPPROVED, Judged
from upkeep.operations.execution.failures import DATA_ERRORS
from upkeep.operations.execution.paging import Page, QuerySetPages
from upkeep.operations.execution.shares import Cursor
from upkeep.operations.execution.statement import Statement
from upkeep.operations.leases import connections
from upkeep.operations.limits import Coming
from upkeep.operations.plans import Change, checked

if TYPE_CHECKING:
    from upkeep.operations.execution.writer import StepWriter

T = TypeVar("T")
Write: TypeAlias = Callable[[Sequence[Change]], None]
Prepare: TypeAlias = Callable[[Sequence[Change]], Sequence[Change]]


class Batch(Generic[T]):
    """Commit it once; a batch that is not committed counts as unchanged."""

    def __init__(self, writer: "StepWriter", page: Page[T], pages: QuerySetPages[T] | None) -> None:
        self._writer = writer
        self._page = page
        self._pages = pages
        self.committed = False

    @property
    def items(self) -> Sequence[T]:
        """What the source gave."""
        return self._page.items

    @property
    def fetched(self) -> Any:
        """What `fetch` made of the items. Raises what it raised."""
        return self._page.future.result() if self._page.future else None

    @property
    def cursor(self) -> Cursor:
        """The cursor that its source gave for its end."""
        return self._page.cursor

    @property
    def keys(self) -> tuple[Any, Any]:
        """The first and the last primary key of a queryset's batch, for a statement that reads it as is cheapest."""
        return self._page.first, self._page.last

    def __len__(self) -> int:
        return self._page.number

    def commit(
        self,
        plan: Iterable[Change],
        write: Write,
        prepare: Prepare | None = None,
        *,
        tally: Tally | None = None,
        whole: bool = False,
    ) -> None:
        """Carry out a plan that says for every item of the batch what becomes of it.

        The effects, counts, recorded changes and cursor are one transaction; a dry run calls neither `prepare` nor
        `write`. When the data makes `write` fail, each change is redone by itself. Before its step's `Trial` is over,
        all of that waits for a later batch.

        Args:
            plan: one change an item.
            write: carries out those that have an effect; inside the transaction.
            prepare: slow work before it, such as hashing; returns the changes that `write` gets.
            tally: called with each change as it ended (in a dry run, as planned); the sums are the step's `tally`.
            whole: all or nothing: when the data makes `write` fail, that is raised and nothing is redone.

        Raises:
            TypeError: the plan holds something that is not a change as `Change` says.
        """
        self.committed = True
        again = partial(self.commit, write=write, prepare=prepare, tally=tally, whole=whole)
        changes = self._writer.hearing.believed(self._page, checked(plan), again)
        if changes is None:
            return
        changes, came_up = self._approved(changes, whole=whole)
        effects, rest = _parted(changes)
        if effects and self._writer.keeps_plan:
            self._writer.plan(self._page.cursor, lambda: (changes, Counts.of(changes, tally)), digested=changes)
            return
        if self._writer.dry_run or not effects:
            self._writer.meet(came_up)
            self._writer.advance(self._page.cursor, changes, Counts.of(changes, tally))
            return
        prepared = checked(prepare(effects)) if prepare else effects
        commit = partial(self._commit, came_up=came_up, planned=Coming(Counts.of(changes), changes))
        try:
            written = commit(lambda: _write_at_once(prepared, rest, write, tally))
        except DATA_ERRORS:
            if whole or connections.is_lost():
                raise
            written = commit(lambda: self._write_one_by_one(prepared, rest, write, tally))
        self._writer.show(written)

    def commit_sql(self, *, plan: str, write: str, params: Mapping[str, Any] | None = None, tally: str = "") -> None:
        """Plan and carry out in one statement, without loading a row: for millions of them.

        Args:
            plan: a SELECT that gives, for each row to change, `action`, `key`, `label`, `fields` (jsonb: each
                field's value before and after, as a list of two), `reason`, and what `write` needs; its primary keys
                are `BETWEEN %(first)s AND %(last)s`. What it calls `unchanged` is written as well, and not recorded.
            write: an `UPDATE … FROM plan`, a `DELETE … USING plan`, or an `INSERT … SELECT … FROM plan` that returns
                the plan's column `id`. Not carried out in a dry run.
            params: for all three, beside `first` and `last`.
            tally: a SELECT of names and numbers, of which the sums by name become the step's `tally`; it may read
                `done`, the rows of the plan that were written (in a dry run, all of them).

        Raises:
            TypeError: the batch is not one of a queryset.
        """
        if self._pages is None:
            raise TypeError("commit_sql needs the batches of a queryset")
        self.committed = True
        dry_run, approval = self._writer.dry_run, self._writer.approval
        keeps = self._writer.keeps_plan
        statement = Statement(plan, "" if dry_run else write, tally, keeps=keeps, applies=approval is not None)
        ours = self._writer.digest_params()
        self._commit_range(self._page, statement, {**(params or {}), **(ours if keeps or approval else {})})

    def _approved(self, changes: Sequence[Change], *, whole: bool) -> Judged:
        """What the run may do of a plan: all of it, if it does not apply a preview. One that is `whole`, or nothing."""
        approval = self._writer.approval
        if approval is None:
            return Judged(changes, 0)
        judged = approval.judged(self._writer.name, changes)
        if whole and (fault := next((it.reason for it in judged.changes if it.reason in UNAPPROVED), "")):
            raise OperationError(f"its changes are made all or none, and one of them is {fault}: make a new preview")
        return judged

    def _commit(self, effect: Callable[[], Outcomes], *, came_up: int, planned: Coming) -> Sequence[Change]:
        def met() -> Outcomes:
            outcomes = effect()
            self._writer.meet(came_up)
            return outcomes

        return self._writer.write(self._page.cursor, met, planned=planned)

    def _write_one_by_one(
        self, prepared: Sequence[Change], rest: Sequence[Change], write: Write, tally: Tally | None
    ) -> Outcomes:
        outcomes = [*(self._write_alone(change, write) for change in prepared), *rest]
        return outcomes, Counts.of(outcomes, tally)

    def _write_alone(self, change: Change, write: Write) -> Change:
        if not change.has_effect:
            return change
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                write([change])
                # Else a foreign key would fail the whole batch at its end.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except DATA_ERRORS as error:
            if connections.is_lost():
                raise
            return self._writer.failed(change, error)
        return change

    def _commit_range(self, page: Page[T], statement: Statement, params: dict[str, Any]) -> None:
        values = {**params, "first": page.first, "last": page.last}
        try:
            if statement.keeps:
                self._writer.plan(page.cursor, lambda: self._execute(page, statement, values))
                return
            if self._writer.dry_run:
                show = partial(self._writer.advance, page.cursor, *self._execute(page, statement, values))
            else:
                written = self._writer.write(page.cursor, lambda: self._execute(page, statement, values))
                show = partial(self._writer.show, written)
        except DATA_ERRORS as error:
            if connections.is_lost():
                raise
            if page.number > 1:
                self._commit_halves(page, statement, params)
                return
            change = self._writer.failed(Change("unchanged", str(page.first), str(page.first)), error)
            show = partial(self._writer.advance, page.cursor, [change], Counts.of([change]))
        show()

    def _commit_halves(self, page: Page[T], statement: Statement, params: dict[str, Any]) -> None:
        after = self._writer.state.cursor
        while self._pages and (half := self._pages.range(after, max(1, page.number // 2), last=page.last)).number:
            self._commit_range(half, statement, params)
            after = half.cursor

    def _execute(self, page: Page[T], statement: Statement, values: dict[str, Any]) -> Outcomes:
        room = self._writer.room
        with connection.cursor() as cursor:
            cursor.execute(statement.sql(recorded=room > 0), {**values, "room": room})
            numbers, changes, tally, came_up = cursor.fetchone() or (None, None, None, 0)
        counts = _counts(_decoded(numbers) or (), page.number)
        counts += Counts(tallies={"": _decoded(tally)} if tally else {})
        self._writer.meet(came_up)
        return self._told(checked(map(_change, _decoded(changes) or ()))), counts

    def _told(self, changes: Sequence[Change]) -> Sequence[Change]:
        approval = self._writer.approval
        return approval.told(self._writer.name, changes) if approval else changes


def _parted(changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
    """The changes with an effect, and those without."""
    effects: list[Change] = []
    rest: list[Change] = []
    for change in changes:
        (effects if change.has_effect else rest).append(change)
    return effects, rest


def _write_at_once(prepared: Sequence[Change], rest: Sequence[Change], write: Write, tally: Tally | None) -> Outcomes:
    write([change for change in prepared if change.has_effect])
    outcomes = [*prepared, *rest]
    return outcomes, Counts.of(outcomes, tally)


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _change(row: Mapping[str, Any]) -> Change:
    return Change(row["action"], row["key"], row["label"], row["fields"] or {}, row["reason"] or "")


def _counts(numbers: Iterable[Mapping[str, Any]], rows: int) -> Counts:
    counts = sum((Counts.one(row["action"], row["number"], row["reason"] or "") for row in numbers), Counts())
    return counts + Counts.one("unchanged", max(0, rows - counts.processed))
