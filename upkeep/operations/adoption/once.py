"""A call that is started once in the life of a run, unless it may be repeated: there is no telling how far it got."""

from django.db import connection

from upkeep.operations.adoption import process
from upkeep.operations.adoption.process import Call, Ended
from upkeep.operations.context import RunContext
from upkeep.operations.errors import OperationError

BEGUN = "begun"
"""The tally that says so, committed before the call begins."""


def carry_out(call: Call, run: RunContext) -> Ended:
    """Do it, and report its exit code.

    Raises:
        OperationError: it failed; an earlier attempt began it, and it cannot be repeated; or the caller is in a
            transaction, which a process of its own could not see.
    """
    if connection.in_atomic_block:
        raise OperationError(
            f"{call.label} runs in a process of its own, which does not see this transaction: run it outside (in a "
            "test: TransactionTestCase, or django_db(transaction=True))"
        )
    if run.tally.get(BEGUN) and not call.repeatable:
        raise OperationError(
            f"{call.label} was begun, and its worker lost before it ended: look at what it did, then start a new run"
        )
    if not run.tally.get(BEGUN):  # once: as often as it were committed, losses in a row would not be
        run.apply(lambda: {BEGUN: 1})
    ended = process.follow(call, run)
    run.report(f"exit code {ended.code}", exit_code=ended.code)
    if ended.code:
        raise OperationError(f"{call.label} {_failure(ended)}")
    return ended


def _failure(ended: Ended) -> str:
    if ended.code < 0:
        return f"was ended by signal {-ended.code}"
    return f"failed with exit code {ended.code}" + (f": {ended.last_line}" if ended.last_line else "")
