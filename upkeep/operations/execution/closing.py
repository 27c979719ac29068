"""What is checked and said of a run once its operation has returned."""

from upkeep.operations.errors import OperationError
from upkeep.operations.execution.guard import Guard
from upkeep.operations.execution.ledger import Ledger
from upkeep.operations.execution.reviews import GONE_SINCE, Review
from upkeep.operations.limits import LIMIT_EXCEEDED


def check_part(ledger: Ledger) -> None:
    """Raise OperationError when the run is a part, and the operation ended without coming to its step."""
    if ledger.part:
        raise OperationError(f"it is a part of step {ledger.part.step!r}, which the operation did not reach")


def check_steps(ledger: Ledger) -> None:
    """Raise OperationError when the run had steps and a limit stopped one of them, or each was stopped by its error."""
    errors = {name: step.error for name, step in ledger.steps.items() if name}
    if exceeded := {found["step"] for found in ledger.result.get(LIMIT_EXCEEDED, ())}:
        raise OperationError("; ".join(f"{name}: {error}" for name, error in errors.items() if name in exceeded))
    if errors and all(errors.values()) and not ledger.step("").counts.processed:
        raise OperationError("; ".join(f"{name}: {error}" for name, error in errors.items()))


def report_review(ledger: Ledger, review: Review) -> None:
    """Report which preview was applied, and how much of it did not come up again. For the end of the run."""
    ledger.flush()
    gone = review.missing_from(Review(ledger.run_id))
    lines = f"Applied of preview {review.run_id}: what it holds and no more."
    ledger.report.append(f"{lines} {gone:,} of its changes did not come up again ({GONE_SINCE})." if gone else lines)
    ledger.result |= {"preview": str(review.run_id), GONE_SINCE: gone}


def report_limits(ledger: Ledger, guard: Guard, *, asks: bool) -> None:
    """Report which limits would stop the real run; a run on a terminal perhaps `asks` first.

    For the end of a dry run that is whole.
    """
    for error in guard.errors():
        who = "A run that nobody confirms on a terminal" if asks and error.excess.limit != "failed" else "A real run"
        where = f" at {error.step}" if error.step else ""
        ledger.report.append(f"{who} would be stopped{where} ({LIMIT_EXCEEDED}): {error}")
        ledger.result.setdefault(LIMIT_EXCEEDED, []).append(error.as_json())
