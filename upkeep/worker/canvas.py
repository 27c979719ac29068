"""Celery's canvas: chains of operations are carried out, run after run; whatever else is to follow is refused.

A run's row says what is done, and its message may be lost and sent again. So what follows has rows from the start, too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from upkeep.operations import registry
from upkeep.operations.definition import Operation
from upkeep.operations.errors import InvalidParamsError, UnknownOperationError

FOLLOWING = ("link", "link_error", "chord")
IN_A_REQUEST = {"chain": "chain", "link": "callbacks", "link_error": "errbacks", "chord": "chord"}
"""What follows a task, by the option, and by the name that it has in the request of a worker."""
COUNTED = ("countdown", "expires")
"""Options that may be seconds from now, which a later link cannot know."""
MAX_LINKS = 100


def check(given: Mapping[str, Any]) -> None:
    """Raise InvalidParamsError when something is to follow that would not: all but a chain of operations."""
    for name in FOLLOWING:
        if given.get(name):
            raise InvalidParamsError(f"{name} has no effect on an operation: make it a chain of operations")
    for operation, step in steps(given):
        options = step.get("options") or {}
        for name in COUNTED:
            if isinstance(options.get(name), int | float):
                raise InvalidParamsError(f"{name} of {operation.name}: a later link of a chain cannot have one")


def steps(given: Mapping[str, Any]) -> list[tuple[Operation[Any], Mapping[str, Any]]]:
    """What is to run after it, in this order. Raises InvalidParamsError when that is not a chain of operations."""
    chain = given.get("chain") or ()
    listed = isinstance(chain, Sequence) and not isinstance(chain, str)
    if not listed or not all(isinstance(step, Mapping) for step in chain):
        raise InvalidParamsError("chain must be a list of signatures")
    if len(chain) > MAX_LINKS:
        raise InvalidParamsError(f"a chain has at most {MAX_LINKS} links after the first, not {len(chain)}")
    return [(_operation(step.get("task")), step) for step in reversed(chain)]  # Celery has the last one first


def take_from(request: Any) -> dict[str, Any]:
    """What is to follow a message that was sent past `apply_async`. Celery, which would do it itself, forgets it."""
    found = {option: getattr(request, name, None) for option, name in IN_A_REQUEST.items()}
    for name in IN_A_REQUEST.values():
        setattr(request, name, None)
    return {option: value for option, value in found.items() if value}


def _operation(name: object) -> Operation[Any]:
    try:
        operation = registry.find(name) if isinstance(name, str) else None
    except UnknownOperationError:
        operation = None
    if operation is None or name == operation.short_name:
        raise InvalidParamsError(f"a chain of operations has a link that is not an operation: {str(name)[:80]!r}")
    return operation
