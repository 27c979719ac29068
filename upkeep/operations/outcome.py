"""How a run ended, for its caller."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from upkeep.operations.models import Run
from upkeep.operations.plans import ACTIONS
from upkeep.operations.states import Status

EXIT_CODES = {Status.FAILED: 1, Status.SKIPPED: 4, Status.CANCELLED: 130}
FINISHED_WITH_FAILED_ITEMS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run's row says."""

    run: UUID
    operation: str
    status: Status
    dry_run: bool
    counts: Mapping[str, int]
    """`processed`, and each of the six actions."""
    reasons: Mapping[str, Mapping[str, int]]
    """Of those skipped and of those failed."""
    result: Mapping[str, Any]
    report: tuple[str, ...]
    seconds: float | None
    """From its first start to its end; None while it has not ended."""
    error: str
    unusual: tuple[Mapping[str, Any], ...] = ()
    """Its figures that are unlike those of the runs before it: `{"figure": …, "number": …, "usual": [low, high]}`."""

    @classmethod
    def of(cls, run: Run) -> Self:
        """Of a run as it is now."""
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
        return cls(
            run=run.pk,
            operation=run.operation,
            status=Status(run.status),
            dry_run=run.dry_run,
            counts={"processed": 0, **dict.fromkeys(ACTIONS, 0), **run.counts},
            reasons=run.reasons,
            result=run.result,
            report=tuple(run.report),
            seconds=seconds,
            error=run.error,
            unusual=tuple(run.unusual),
        )

    @property
    def exit_code(self) -> int:
        """Of a command that waited for this outcome."""
        if self.status is Status.SUCCEEDED and self.counts["failed"]:
            return FINISHED_WITH_FAILED_ITEMS
        return EXIT_CODES.get(self.status, 0)

    def as_json(self) -> dict[str, Any]:
        """The outcome as programs get it; `reasons` counts those skipped and failed together, by reason."""
        reasons: dict[str, int] = {}
        for found in self.reasons.values():
            for reason, number in found.items():
                reasons[reason] = reasons.get(reason, 0) + number
        shown: dict[str, Any] = {
            "run": str(self.run),
            "operation": self.operation,
            "status": str(self.status),
            "dry_run": self.dry_run,
            "counts": dict(self.counts),
            "reasons": reasons,
            "result": dict(self.result),
            "seconds": self.seconds,
        }
        further = {"unusual": list(self.unusual), "error": self.error}
        return shown | {name: value for name, value in further.items() if value}
