"""An operation that ends as one that is out of memory does."""

import os
import signal

from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.params import Params


class KillItself(Params):
    pass


@operation("testing.kill_itself")
def kill_itself(params: KillItself, run: RunContext) -> None:  # noqa: ARG001
    """Let the process that runs it be killed."""
    os.kill(os.getpid(), signal.SIGKILL)
