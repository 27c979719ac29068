"""The progress of a run: held in memory by its executor, written to its row together with the effects."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from upkeep.conf import conf
from upkeep.operations.counts import OTHER, Counts, Outcomes
from upkeep.operations.execution import previews, storage
from upkeep.operations.execution.progress import Progress
from upkeep.operations.execution.shares import Cursor, Part
from upkeep.operations.leases import claims
from upkeep.operations.leases.losses import MAX_LOSSES, is_last
from upkeep.operations.limits import LIMIT_EXCEEDED, MAX_NEXT, Coming
from upkeep.operations.models import Run
from upkeep.operations.plans import Change
from upkeep.operations.states import Status
from upkeep.operations.storable import storable, storable_json

FLUSH_SECONDS = 1.0
"""Progress that changed nothing is written at most this often."""


@dataclass(frozen=True, slots=True)
class StepState:
    """Where one step stands."""

    cursor: Cursor = None
    counts: Counts = field(default_factory=Counts)
    total: int | None = None
    done: bool = False
    error: str = ""
    of: int | None = None
    """What the shares of its limits are of, where that is not `total`."""
    came_up: int = 0
    """Of a run that applies a preview: how many of its changes are about something that the preview would change."""

    def dump(self) -> dict[str, Any]:
        """For a run's row."""
        return {
            "cursor": self.cursor,
            "total": self.total,
            "done": self.done,
            "error": self.error,
            "of": self.of,
            "came_up": self.came_up,
            **self.counts.dump(),
        }

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> "StepState":
        """From a run's row."""
        rest = {name: dumped[name] for name in ("cursor", "total", "done", "error")}
        return cls(counts=Counts.load(dumped), of=dumped.get("of"), came_up=dumped.get("came_up", 0), **rest)


class Reached(NamedTuple):
    """What limits are about: a step of a run, and the number of changes in the other steps of that run."""

    state: StepState
    elsewhere: int = 0


class Ledger:
    """All steps of one run, under one claim."""

    keeps_plan = True
    """Of a dry run: whether it keeps what would be done."""

    def __init__(self, run: Run, progress: Progress) -> None:
        self.run_id: UUID = run.pk
        self.whole_id: UUID = run.parent_id or run.pk
        self.operation: str = run.operation
        self.attempt: int = run.attempt
        self.partitions: int = run.partitions if run.queue else 1
        self.part = Part(**run.part) if run.part else None
        self.whole: UUID = run.parent_id or run.pk
        """The run that this one is a part of, or itself."""
        self.dry_run: bool = run.dry_run
        """Of a counting ledger it is the run's, in which what was deleted before is gone."""
        self.plan_version: str = run.plan_version
        self.steps = {name: StepState.load(dumped) for name, dumped in run.steps.items()}
        self.result: dict[str, Any] = {name: found for name, found in run.result.items() if name == LIMIT_EXCEEDED}
        """Each attempt reports its own, except the limits that stopped steps: these may not be tried again."""
        self.report: list[str] = []
        self._commits: int = run.commits
        self._recorded: int = run.changes_recorded
        self._left_out: int = run.changes_left_out
        self._begun: set[str] = set()
        self._changes: list[tuple[str, Change]] = []
        self._log: list[tuple[datetime, str]] = []
        self._losses: int = run.losses
        self.progress = progress
        self._flushed = time.monotonic()
        self._advanced = False
        self.logged_errors: set[type[Exception]] = set()
        """The classes of which this attempt has logged a stack."""
        self.progressed = False
        """Whether this attempt got anything done, and committed."""

    @property
    def counts(self) -> Counts:
        """Of all steps."""
        return sum((step.counts for step in self.steps.values()), Counts())

    @property
    def room(self) -> int:
        """How many changes may still be recorded."""
        most = self.part.room if self.part else int(conf().MAX_CHANGES)
        return max(0, most - self._recorded - len(self._changes))

    def step(self, name: str) -> StepState:
        """Where a step stands; one that has not begun, at its beginning."""
        return self.steps.get(name, StepState())

    def changes_but_of(self, name: str) -> int:
        """The number of changes in the other steps."""
        return sum(step.counts.changes for other, step in self.steps.items() if other != name)

    def planned(self, name: str) -> Coming | None:  # noqa: ARG002 - of a counting ledger
        """What a step would do; None: it does it."""
        return None

    def update(self, name: str, **fields: Any) -> None:
        """Note something about a step; it is written with the next commit or flush."""
        self.steps[name] = replace(self.step(name), **fields)

    def restart(self, name: str) -> None:
        """Forget what became of the items of a step that starts again, but for the deleted: they are not met again.

        Raises LostClaim.
        """
        if self.dry_run:
            previews.forget(self.whole, name)
            self._recount(name, Counts(), Q())
        else:
            kept = self.steps[name].counts.restarted()
            came_up = min(self.steps[name].came_up, kept["deleted"])
            self._recount(name, kept, ~Q(action="deleted"), came_up=came_up)

    def retry(self, name: str, stopped: Sequence[str]) -> None:
        """Forget that a step was stopped, for which it counts one failed item of one of these reasons.

        Raises LostClaim.
        """
        exceeded = [found for found in self.result.pop(LIMIT_EXCEEDED, ()) if found["step"] != name]
        self.result.update({LIMIT_EXCEEDED: exceeded} if exceeded else {})
        reasons = self.steps[name].counts.reasons.get("failed", {})
        kept = self.steps[name].counts - Counts.one("failed", 1, next(filter(reasons.__contains__, stopped), OTHER))
        self._recount(name, kept, Q(action="failed", reason__in=stopped, key=storable(name)), error="")

    def _recount(self, name: str, counts: Counts, forgotten: Q, **fields: Any) -> None:
        """Let a step's counts be these, which are less, without the changes that are forgotten."""
        before, left_out, recorded = self.steps[name], self._left_out, self._recorded
        try:
            with transaction.atomic():
                number = storage.forget_changes(self.run_id, name, forgotten)
                self._recorded -= number
                self._left_out -= max(0, before.counts.worth_recording - counts.worth_recording - number)
                self.update(name, counts=counts, **fields)
                self._write()
        except BaseException:
            self.steps[name], self._left_out, self._recorded = before, left_out, recorded
            raise
        self._written()

    def begin_step(self, name: str) -> None:
        """Raise ValueError for a step that this attempt had before: it would silently find nothing to do."""
        if name in self._begun:
            raise ValueError(f"step {name!r} already has its items: give the other step its own name")
        self._begun.add(name)

    def log(self, message: str) -> None:
        """Note a line of the run's log."""
        self._log.append((datetime.now(UTC), message))
        self.progress.logged(message)

    def commit(self, name: str, cursor: Cursor, effect: Callable[[], Outcomes]) -> Sequence[Change]:
        """The effect, and with it what it means for the step, in one transaction or not at all.

        Returns:
            What is to be shown. Not shown yet: a terminal's error must not be taken for one of the data.

        Raises:
            LostClaim: the run is another executor's; nothing was written.
        """
        before = (
            self.step(name), self._left_out, list(self._changes), list(self._log), self._advanced
        )  # fmt: skip
        try:
            with transaction.atomic():
                changes, counts = effect()
                self.advance(name, cursor, changes, counts)
                self._write()
        except BaseException:
            self.steps[name], self._left_out, self._changes, self._log, self._advanced = before
            raise
        self._written()
        return changes

    def advance(self, name: str, cursor: Cursor, changes: Sequence[Change], counts: Counts) -> None:
        """Count what became of a batch. Every row of `counts` is in `changes` unless it was changed by SQL alone."""
        step = self.step(name)
        self.steps[name] = replace(step, cursor=cursor, counts=step.counts + counts)
        self._advanced = True
        worth = [change for change in changes if change.action != "unchanged"]
        room = self.room
        self._changes += [(name, change) for change in worth[:room]]
        self._left_out += max(0, counts.worth_recording - min(room, len(worth)))

    def flush_at_leisure(self, name: str, changes: Sequence[Change]) -> None:
        """Write progress that came with no effect, unless it was written a moment ago."""
        self.flush_when_due()
        self.show(name, changes)

    def flush_when_due(self) -> None:
        """Write the progress now, unless it was written a moment ago. Raises LostClaim."""
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the progress now. Raises LostClaim."""
        with transaction.atomic():
            self._write()
        self._written()

    def close(self, status: Status, error: str = "", *, overtime: bool = False) -> None:
        """Write what is left and give the claim up, in one transaction. Raises LostClaim.

        An attempt that goes back to the queue for its `overtime`, with nothing done, counts as a loss.
        """
        fruitless = overtime and status is Status.QUEUED and not self._advanced
        if fruitless and is_last(self._losses):
            status, error = Status.FAILED, f"its soft time limit passed {MAX_LOSSES} times in a row before a commit"
        self._losses += fruitless
        with transaction.atomic():
            if claims.commits(self.run_id) == self._commits:
                self._write()  # else a commit went through whose success we never saw: the row knows better than we do
            claims.release(self.run_id, self.attempt, status, storable(error))

    def show(self, name: str, changes: Sequence[Change]) -> None:
        """Report it to the watcher."""
        self.progress.changed(changes)
        self.progress.advanced(name, self.steps[name].counts.processed, self.steps[name].total)

    def _write(self) -> None:
        counts = self.counts
        claims.write(
            self.run_id,
            self.attempt,
            self._commits,
            {
                "commits": self._commits + 1,
                "losses": 0 if self._advanced else self._losses,
                "steps": storable_json({name: step.dump() for name, step in self.steps.items()}),
                "counts": counts.as_json(),
                "reasons": storable_json(counts.dump()["reasons"]),
                "changes_recorded": self._recorded + len(self._changes),
                "changes_left_out": self._left_out,
                "result": storable_json(self.result),
                "report": storable_json(self.report),
                **({"plan_version": self.plan_version} if self.dry_run else {}),
            },
        )
        # After a statement of Django's, which labels the transaction: a COPY does not.
        storage.record_changes(self.run_id, self._changes)
        storage.record_log(self.run_id, self._log)

    def _written(self) -> None:
        self._recorded += len(self._changes)
        self._changes, self._log = [], []
        self._flushed = time.monotonic()
        self.progressed = self._advanced
        self._commits += 1  # last: an interrupt before it makes `close` trust the row


class CountingLedger(Ledger):
    """Counts what a run would come to from where it stands, and writes nothing: there, its row stays as it is."""

    keeps_plan = False

    def __init__(self, run: Run, progress: Progress) -> None:
        super().__init__(run, progress)
        self.partitions = 1
        self._first: dict[str, list[Change]] = {}

    @property
    def room(self) -> int:
        """None: no change is recorded."""
        return 0

    def advance(self, name: str, cursor: Cursor, changes: Sequence[Change], counts: Counts) -> None:
        """Count them, and keep the first changes of each step."""
        super().advance(name, cursor, changes, counts)
        first = self._first.setdefault(name, [])
        first += [change for change in changes if change.has_effect][: MAX_NEXT - len(first)]

    def planned(self, name: str) -> Coming:
        """What the step would do."""
        return Coming(self.step(name).counts, self._first.get(name, ()))

    def log(self, message: str) -> None:
        """Nothing: what is logged is logged when it happens."""

    def flush(self) -> None:
        """Nothing."""

    def _recount(self, name: str, counts: Counts, forgotten: Q, **fields: Any) -> None:  # noqa: ARG002
        """Only here."""
        self.update(name, counts=counts, **fields)

    def show(self, name: str, _changes: Sequence[Change]) -> None:
        """Say how far the counting is."""
        self.progress.advanced(f"counting {name}".strip(), self.steps[name].counts.processed, self.steps[name].total)
