"""Keeps the steps of a run within its limits."""

from collections.abc import Iterator

from upkeep.operations.execution import parts
from upkeep.operations.execution.ledger import Ledger, Reached
from upkeep.operations.limits import Coming, Excess, LimitExceededError, Limits, RunLimits


class Guard:
    """The limits of one attempt at a run: those that it was given, of its operation, and of single steps."""

    def __init__(self, ledger: Ledger, limits: Limits | None, *, given: RunLimits, dry_run: bool) -> None:
        self._ledger = ledger
        self.given = given
        self._limits = given.replacing(limits)
        self._dry_run = dry_run
        self._of_steps: dict[str, Limits] = {}
        self._exceeded: dict[str, Excess] = {}

    def limit(self, step: str, limits: Limits, *, of: int | None) -> Limits:
        """Let these limits hold for a step; `of` is what its shares are of, as it was when the step was first begun.

        Returns those that hold: what the run was given replaces them.
        """
        self._of_steps[step] = self.given.replacing(limits) or limits
        if of is not None and self._ledger.step(step).of is None:
            self._ledger.update(step, of=of)
        return self._of_steps[step]

    def reached(self, step: str) -> Reached:
        """What the step of the whole run has come to. Of a part: in a transaction, for whose end other parts wait."""
        limits = self._limits_of(step)
        if limits and self._ledger.part:
            return parts.reached(self._ledger, step)
        counts_all = limits is not None and limits.changes is not None
        return Reached(self._ledger.step(step), self._ledger.changes_but_of(step) if counts_all else 0)

    def check(self, step: str, reached: Reached, coming: Coming | None = None) -> None:
        """Raise LimitExceededError when a step would exceed its limits with what is coming; a dry run notes it."""
        if self._limits_of(step) is None:
            return
        excess = self._excess(step, reached, coming)
        if excess and self._dry_run:
            self._exceeded[step] = excess
        elif excess:
            raise self._error(step, excess, coming)

    def errors(self) -> Iterator[LimitExceededError]:
        """What would stop each step of a run that a dry run, now at its end, has counted."""
        before = 0
        for step, state in self._ledger.steps.items():
            excess = self._excess(step, Reached(state, before), at_end=True) or self._exceeded.get(step)
            if excess:
                yield self._error(step, excess, self._ledger.planned(step))
            if excess and excess.limit == "changes":
                return  # no later step has any left
            before += state.counts.changes

    def _limits_of(self, step: str) -> Limits | None:
        return self._of_steps.get(step, self._limits)

    def _excess(
        self, step: str, reached: Reached, coming: Coming | None = None, *, at_end: bool = False
    ) -> Excess | None:
        limits, state = self._limits_of(step), reached.state
        of = state.total if state.of is None else state.of
        if limits is None or (of is None and limits.before_first and self._dry_run and not at_end):
            return None  # in the latter case how many there are is known at the end
        counts = state.counts + coming.counts if coming else state.counts
        return limits.excess(counts, of or 0, elsewhere=reached.elsewhere)

    def _error(self, step: str, excess: Excess, coming: Coming | None) -> LimitExceededError:
        limits = self._limits_of(step)
        return LimitExceededError(excess, step=step, advice=limits.advice if limits else "", coming=coming)
