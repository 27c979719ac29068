"""A batch: some items of a step, and the two ways to commit what becomes of them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

from django.db import connection, transaction

from upkeep.operations.counts import Counts, Outcomes, Tally
from upkeep.operations.execution import reviews
from upkeep.operations.execution.failures import DATA_ERRORS
from upkeep.operations.execution.paging import Page, QuerySetPages
from upkeep.operations.execution.reviews import Review
from upkeep.operations.execution.shares import Cursor
from upkeep.operations.leases import connections
from upkeep.operations.limits import Coming
from upkeep.operations.plans import EFFECTS, Change, checked

if TYPE_CHECKING:
    from upkeep.operations.execution.writer import StepWriter

T = TypeVar("T")
Write: TypeAlias = Callable[[Sequence[Change]], None]
Prepare: TypeAlias = Callable[[Sequence[Change]], Sequence[Change]]

SQL = """
WITH plan AS ({plan}){written}{done}
SELECT (SELECT jsonb_agg(c) FROM (SELECT action, reason, count(*) AS number FROM {source} GROUP BY action, reason) c),
       {rows}, {tally}, {digests}
"""
ROWS = """
    (SELECT jsonb_agg(r) FROM (
        SELECT action, key, label, fields, reason FROM {source} WHERE action <> 'unchanged' LIMIT %(room)s) r)
"""
DONE = ", done AS (SELECT * FROM {source})"
TALLY = """
    (SELECT jsonb_object_agg(name, number)
       FROM (SELECT name, sum(number) AS number FROM ({tally}) AS one (name, number) GROUP BY name) AS figures)
"""
DIGESTS = f"(SELECT string_agg({reviews.SQL}, '') FROM {{source}} WHERE action = ANY(%(upkeep_effects)s))"  # noqa: S608 - made of constants
REVIEWED = f"""
    SELECT * FROM ({{plan}}) AS upkeep_planned
     WHERE action <> ALL(%(upkeep_effects)s) OR {reviews.SQL} = ANY(%(upkeep_records)s::bytea[])
"""  # noqa: S608 - made of constants
WRITTEN = ", written AS ({write} RETURNING {columns})"
INSERTED = """,
    inserted AS ({write}), written AS (SELECT {columns} FROM plan WHERE (plan.id IN (SELECT id FROM inserted)) IS TRUE)
"""
"""PostgreSQL returns nothing from an INSERT but columns of its table. By `IS TRUE` it makes a hash of these: it expects
one row, and would compare each with each."""
COUNTED = "plan.action, plan.reason"
RECORDED = f"{COUNTED}, plan.key, plan.label, plan.fields"
"""Once no more changes are recorded, PostgreSQL need not make them up."""


class Statement(NamedTuple):
    """The one statement that plans, writes and counts."""

    plan: str
    write: str
    """Empty: the plan is not carried out."""
    tally: str

    def reviewed(self) -> "Statement":
        """The same for those changes alone that are among the `upkeep_records`."""
        return self._replace(plan=REVIEWED.format(plan=self.plan))

    def sql(self, *, recorded: bool, digests: bool = False) -> str:
        """Its text; with the changes among its results when they are to be `recorded`, and their `digests`."""
        source, columns = ("written" if self.write else "plan"), (RECORDED if recorded else COUNTED)
        clause = INSERTED if self.write.lstrip().startswith("INSERT") else WRITTEN
        written = clause.format(write=self.write, columns="plan.*" if self.tally else columns) if self.write else ""
        return SQL.format(
            plan=self.plan,
            written=written,
            done=DONE.format(source=source) if self.tally else "",
            source=source,
            rows=ROWS.format(source=source) if recorded else "NULL",
            tally=TALLY.format(tally=self.tally) if self.tally else "NULL",
            digests=DIGESTS.format(source=source) if digests else "NULL",
        )


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
        changes, digests = self._writer.reviewed(changes, whole=whole)
        effects, rest = _parted(changes)
        if self._writer.dry_run or not effects:
            self._writer.ledger.note_digests(self._writer.name, digests)
            self._writer.advance(self._page.cursor, changes, Counts.of(changes, tally))
            return
        prepared = checked(prepare(effects)) if prepare else effects
        coming = Coming(Counts.of(changes), changes)
        commit = partial(self._writer.write, self._page.cursor, planned=coming, digests=digests)
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
        self._commit_range(
            self._page, Statement(plan, "" if self._writer.dry_run else write, tally), dict(params or {})
        )

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
            if self._writer.dry_run:
                show = partial(self._writer.advance, page.cursor, *self._execute(page, statement, values))
            else:
                review = self._writer.review
                execute = partial(self._execute_reviewed, review=review) if review else self._execute
                written = self._writer.write(page.cursor, lambda: execute(page, statement, values))
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
        numbers, changes, tally, digests = self._fetched(statement, values, room=self._writer.room)
        if digests:
            self._writer.ledger.note_digests(self._writer.name, digests)
        counts = _counts(numbers, page.number) + Counts(tallies={"": tally} if tally else {})
        return changes, counts

    def _execute_reviewed(
        self, page: Page[T], statement: Statement, values: dict[str, Any], *, review: Review
    ) -> Outcomes:
        """Carry out those changes of the plan alone that were previewed; what else came up is skipped."""
        name, shown = self._writer.name, statement._replace(write="", tally="")
        *_, digests = self._fetched(shown, values, room=0)
        self._writer.ledger.note_digests(name, digests)
        approved: list[bytes] = []
        unlike: list[bytes] = []
        for record in reviews.records(digests):
            (approved if review.approves(record) else unlike).append(record)
        approving = {**values, "upkeep_records": approved}
        numbers, changes, tally, _ = self._fetched(statement.reviewed(), approving, room=self._writer.room)
        told: list[Change] = []
        if unlike and self._writer.room > len(changes):
            differing = {**values, "upkeep_records": unlike}
            _, found, *_ = self._fetched(shown.reviewed(), differing, room=self._writer.room - len(changes))
            told = review.skipped(name, [change for change in found if change.action in EFFECTS])
        skipped = [{"action": "skipped", "reason": reviews.NOT_AS_PREVIEWED, "number": len(unlike)}] if unlike else []
        counts = _counts([*numbers, *skipped], page.number) + Counts(tallies={"": tally} if tally else {})
        return [*changes, *told], counts

    def _fetched(
        self, statement: Statement, values: Mapping[str, Any], *, room: int
    ) -> tuple[Sequence[Mapping[str, Any]], list[Change], Mapping[str, int], bytes]:
        """Execute it. Returns the counts, the changes that there is room for, the tally, and the digests of a plan."""
        digests = self._writer.has_digests and not statement.write
        given = {**values, "room": room, "upkeep_step": self._writer.name, "upkeep_effects": list(EFFECTS)}
        with connection.cursor() as cursor:
            cursor.execute(statement.sql(recorded=room > 0, digests=digests), given)
            numbers, changes, tally, found = cursor.fetchone() or (None, None, None, None)
        told = checked(map(_change, _decoded(changes) or ()))
        return _decoded(numbers) or (), told, _decoded(tally) or {}, bytes(found or b"")


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
