"""How much a run may delete, change or let fail before it is stopped."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from pydantic import Field, NonNegativeInt

from upkeep.operations.counts import Counts
from upkeep.operations.errors import OperationError
from upkeep.operations.params import Params
from upkeep.operations.plans import ACTIONS, Change

Percent = Annotated[int, Field(ge=0, le=100)]
"""How options such as `--max-deleted` spell a limit; `Limits` itself takes shares."""
LIMIT_EXCEEDED = "limit_exceeded"
LIMITED = {"deleted": ("deleted",), "changed": ("updated", "deleted"), "failed": ("failed",)}
"""The actions that count towards each share."""
OPTIONS = {"deleted": "--max-deleted", "changed": "--max-changes", "changes": "--max-changes", "failed": "--max-failed"}
"""The option of a command that sets another limit in place of this one."""
MAX_NEXT = 20
"""Changes that a stopped run names of those that it would have made next."""
MAX_LABELS = 5
"""How many of them its report names."""


class Excess(NamedTuple):
    """A limit that is exceeded."""

    limit: str
    """`deleted`, `changed` or `failed`; or `changes`, which is a number and no share."""
    number: int
    of: int
    most: float
    """At most this share of the items was allowed; of `changes`, at most this many."""

    def line(self, *, advice: str) -> str:
        """For people: how many of how many, what is allowed, and what to do about it."""
        if self.limit == "changes":
            return f"{self.number:,} items would be changed, at most {self.most:,} may be: {advice}"
        verb = "failed" if self.limit == "failed" else f"would be {self.limit}"
        allowed = f"the limit is {100 * self.most:g} %" if self.most else "none may be"
        return f"{self.number:,} of {self.of:,} items {verb}, {allowed}: {advice}"


class Coming(NamedTuple):
    """What a step is about to do: the counts of all of it, and its changes or the first of them."""

    counts: Counts
    changes: Sequence[Change] = ()

    def line(self) -> str:
        """For people: how many changes, and which are the first; empty without any."""
        effects, number = self._effects(), self.counts.changes
        if not number:
            return ""
        counts = ", ".join(f"{self.counts[action]:,} {action}" for action in ACTIONS[:3] if self.counts[action])
        named = ", ".join(f"{change.action} {change.label}" for change in effects[:MAX_LABELS])
        more = number - len(effects[:MAX_LABELS])
        return (
            f"next would have been {counts}" + (f": {named}" if named else "") + (f", and {more:,} more" * bool(more))
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        changes = [
            {"action": change.action, "key": change.key, "label": change.label, "fields": dict(change.fields)}
            for change in self._effects()[:MAX_NEXT]
        ]
        return {"counts": {action: self.counts[action] for action in ACTIONS[:3]}, "changes": changes}

    def _effects(self) -> list[Change]:
        return [change for change in self.changes if change.action in ACTIONS[:3]]


class LimitExceededError(OperationError):
    """More would be deleted or changed, or has failed, than the run's limits allow."""

    def __init__(self, excess: Excess, *, step: str, advice: str, coming: Coming | None = None) -> None:
        super().__init__(excess.line(advice=advice))
        self.excess = excess
        self.step = step
        self.coming = coming

    def as_json(self) -> dict[str, Any]:
        """For programs; `most` is in per cent, as the options are. `next` is what the step would have done next."""
        limit, number, of, most = self.excess
        allowed = most if limit == "changes" else float(100 * _exact(most))
        found = {"step": self.step, "limit": limit, "number": number, "of": of, "most": allowed}
        return {**found, "next": self.coming.as_json()} if self.coming else found


@dataclass(frozen=True, slots=True)
class Limits:
    """The shares, from 0 to 1, of a step's items that may be deleted, changed or failed. None: any number of them.

    The share is of the number that `Step.limit` was given; without it, of the rows of a queryset; else of the items
    planned so far. A batch that would exceed a limit is not carried out, and the step ends with LimitExceededError.
    A run's own limits (`RunLimits`) replace these, but for a share of 0, which no option lifts.
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
    changes: int | None = None
    """At most this many items may be created, updated or deleted, in all steps of the run together."""

    def excess(self, counts: Counts, of: int, *, elsewhere: int = 0) -> Excess | None:
        """The first limit that these counts of a step exceed, among `of` items or those counted if they are more.

        `elsewhere` is the number of changes in the other steps of the run.
        """
        of = max(of, counts.processed)
        if self.changes is not None and (made := elsewhere + counts.changes) > self.changes:
            return Excess("changes", made, of, self.changes)
        for limit, actions in LIMITED.items():
            share, number = getattr(self, limit), sum(counts[action] for action in actions)
            if share is not None and (of >= self.least or not share) and number > _exact(share) * of:
                return Excess(limit, number, of, share)
        return None

    def confirmed(self) -> "Limits":
        """What still holds when a person saw how much would be deleted and changed, and wanted it."""
        return Limits(failed=self.failed, least=self.least, advice=self.advice)

    def lines(self) -> list[str]:
        """For people: each limit that there is."""
        shares = [(name, getattr(self, name)) for name in LIMITED]
        found = [f"at most {100 * share:g} % {name}" for name, share in shares if share is not None]
        return found if self.changes is None else [*found, f"at most {self.changes:,} changes"]


class RunLimits(Params):
    """The limits that one run was given, in place of those that its operation declares."""

    max_deleted: Percent | None = None
    """Stop before more than this percentage of a step's items is deleted; fewer than 20 are not limited, but by 0."""
    max_changes: NonNegativeInt | None = None
    """Stop before the run has created, updated and deleted more than this many items."""
    max_failed: Percent | None = None
    """Stop when more than this percentage of a step's items has failed; fewer than 20 are not limited, but by 0."""

    def given(self) -> dict[str, int]:
        """Those that were given, as a run's row keeps them."""
        return self.model_dump(exclude_none=True)

    def replacing(self, declared: Limits | None) -> Limits | None:
        """What holds for the run: these, and of what is declared what they do not replace."""
        if not self.given():
            return declared
        limits = declared or Limits()
        deleted = _share(limits.deleted, self.max_deleted)
        failed = _share(limits.failed, self.max_failed)
        if self.max_changes is None:
            return replace(limits, deleted=deleted, failed=failed)
        changed = limits.changed if limits.changed == 0 else None
        return replace(limits, deleted=deleted, failed=failed, changed=changed, changes=self.max_changes)


def _share(declared: float | None, percent: int | None) -> float | None:
    return declared if percent is None or declared == 0 else percent / 100


def _exact(share: float) -> Fraction:
    """The share as it is written: the float 0.29 is a little less, and 29 of 100 would be more than that."""
    return Fraction(str(share))
