"""How much a run may delete, change or let fail before it is stopped."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, NamedTuple

from pydantic import Field

from upkeep.operations.counts import Counts
from upkeep.operations.errors import OperationError

Percent = Annotated[int, Field(ge=0, le=100)]
"""How parameters such as `--max-deleted` spell a limit; `Limits` itself takes shares."""
LIMIT_EXCEEDED = "limit_exceeded"
LIMITED = {"deleted": ("deleted",), "changed": ("updated", "deleted"), "failed": ("failed",)}
"""The actions that count towards each limit."""


class Excess(NamedTuple):
    """A limit that is exceeded."""

    limit: str
    """`deleted`, `changed` or `failed`."""
    number: int
    of: int
    share: float
    """At most this share of the items was allowed."""

    def line(self, *, advice: str) -> str:
        """For people: how many of how many, what is allowed, and what to do about it."""
        verb = "failed" if self.limit == "failed" else f"would be {self.limit}"
        allowed = f"the limit is {100 * self.share:g} %" if self.share else "none may be"
        return f"{self.number:,} of {self.of:,} items {verb}, {allowed}: {advice}"


class LimitExceededError(OperationError):
    """More would be deleted or changed, or has failed, than the run's limits allow."""

    def __init__(self, excess: Excess, *, step: str, advice: str) -> None:
        super().__init__(excess.line(advice=advice))
        self.excess = excess
        self.step = step

    def as_json(self) -> dict[str, float | str]:
        """For programs; `most` is in per cent, as the parameters are."""
        limit, number, of, share = self.excess
        return {"step": self.step, "limit": limit, "number": number, "of": of, "most": float(100 * _exact(share))}


@dataclass(frozen=True, slots=True)
class Limits:
    """The shares, from 0 to 1, of a step's items that may be deleted, changed or failed. None: any number of them.

    The share is of the number that `Step.limit` was given; without it, of the rows of a queryset; else of the items
    planned so far. A batch that would exceed a limit is not carried out, and the step ends with LimitExceededError.
    """

    deleted: float | None = None
    changed: float | None = None
    """Updated or deleted: what was there before and is another, or no more."""
    failed: float | None = None
    least: int = 20
    """A share of fewer items than this says nothing, and is not limited; unless it is 0, which allows none at all."""
    before_first: bool = False
    """The items are counted in a pass of its own, a dry run, before the first one is touched."""
    advice: str = "look at them with --dry-run --verbose"
    """What to do about it, for people."""

    def excess(self, counts: Counts, of: int) -> Excess | None:
        """The first limit that these counts exceed, among `of` items or those counted if they are more."""
        of = max(of, counts.processed)
        for limit, actions in LIMITED.items():
            share, number = getattr(self, limit), sum(counts[action] for action in actions)
            if share is not None and (of >= self.least or not share) and number > _exact(share) * of:
                return Excess(limit, number, of, share)
        return None

    def confirmed(self) -> "Limits":
        """What still holds when a person saw how much would be deleted and changed, and wanted it."""
        return Limits(failed=self.failed, least=self.least, advice=self.advice)


def _exact(share: float) -> Fraction:
    """The share as it is written: the float 0.29 is a little less, and 29 of 100 would be more than that."""
    return Fraction(str(share))
