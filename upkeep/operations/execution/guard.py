"""Keeps the steps of a run within its limits."""

from collections.abc import Iterator

from upkeep.operations.counts import Counts
from upkeep.operations.execution import parts
from upkeep.operations.execution.ledger import Ledger, StepState
from upkeep.operations.limits import Excess, LimitExceededError, Limits


class Guard:
    """The limits of one attempt at a run: those of its operation, and those that single steps were given."""

    def __init__(self, ledger: Ledger, limits: Limits | None, *, dry_run: bool) -> None:
        self._ledger = ledger
        self._limits = limits
        self._dry_run = dry_run
        self._of_steps: dict[str, Limits] = {}
        self._exceeded: dict[str, Excess] = {}

    def limit(self, step: str, limits: Limits, *, of: int | None) -> None:
        """Let these limits hold for a step; `of` is what its shares are of, as it was when the step was first begun."""
        self._of_steps[step] = limits
        if of is not None and self._ledger.step(step).of is None:
            self._ledger.update(step, of=of)

    def reached(self, step: str) -> StepState:
        """What the step of the whole run has come to. Of a part: in a transaction, for whose end other parts wait."""
        if self._limits_of(step) and self._ledger.part:
            return parts.reached(self._ledger, step)
        return self._ledger.step(step)

    def check(self, step: str, reached: StepState, coming: Counts | None = None) -> None:
        """Raise LimitExceededError when a step would exceed its limits with what is coming; a dry run notes it."""
        counts = reached.counts + coming if coming else reached.counts
        excess = self._excess(step, reached, counts)
        if excess and self._dry_run:
            self._exceeded[step] = excess
        elif excess:
            raise self._error(step, excess)

    def errors(self) -> Iterator[LimitExceededError]:
        """What would stop each step of a run that a dry run, now at its end, has counted."""
        for step, state in self._ledger.steps.items():
            excess = self._excess(step, state, state.counts, at_end=True) or self._exceeded.get(step)
            if excess:
                yield self._error(step, excess)

    def _limits_of(self, step: str) -> Limits | None:
        return self._of_steps.get(step, self._limits)

    def _excess(self, step: str, reached: StepState, counts: Counts, *, at_end: bool = False) -> Excess | None:
        limits = self._limits_of(step)
        of = reached.total if reached.of is None else reached.of
        if limits is None or (of is None and limits.before_first and self._dry_run and not at_end):
            return None  # in the latter case how many there are is known at the end
        return limits.excess(counts, of or 0)

    def _error(self, step: str, excess: Excess) -> LimitExceededError:
        limits = self._limits_of(step)
        return LimitExceededError(excess, step=step, advice=limits.advice if limits else "")
