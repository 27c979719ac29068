"""What is checked and said of a run once its operation has returned."""

from upkeep.operations.counts import Counts
from upkeep.operations.errors import OperationError
from upkeep.operations.execution.digests import GONE_SINCE
from upkeep.operations.execution.guard import Guard
from upkeep.operations.execution.ledger import Ledger
from upkeep.operations.execution.previews import Approval
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


def report_limits(ledger: Ledger, guard: Guard, *, asks: bool) -> None:
    """Report which limits would stop the real run; a run on a terminal perhaps `asks` first.

    For the end of a dry run that is whole.
    """
    for error in guard.errors():
        who = "A run that nobody confirms on a terminal" if asks and error.excess.limit != "failed" else "A real run"
        where = f" at {error.step}" if error.step else ""
        ledger.report.append(f"{who} would be stopped{where} ({LIMIT_EXCEEDED}): {error}")
        ledger.result.setdefault(LIMIT_EXCEEDED, []).append(error.as_json())


def count_gone(ledger: Ledger, approval: Approval) -> None:
    """Count what the preview would have changed and this run did not come upon as skipped, once.

    After a step that was stopped nobody knows what it would have come upon.
    """
    if any(step.error for step in ledger.steps.values()):
        return
    gone = approval.gone(sum(step.came_up for step in ledger.steps.values()))
    if gone and not ledger.step(GONE_SINCE).done:
        ledger.advance(GONE_SINCE, None, [], Counts.one("skipped", gone, GONE_SINCE))
        ledger.update(GONE_SINCE, done=True)
