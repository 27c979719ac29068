"""The decorator that declares a function as an operation."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, cast, get_type_hints

from upkeep.operations import params, registry
from upkeep.operations.context import RunContext
from upkeep.operations.definition import About, Operation, P, Printed, Text
from upkeep.operations.limits import Limits
from upkeep.operations.params import Params
from upkeep.operations.registry import Problem

NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class Declare(Protocol):
    """What `operation` returns: a decorator whose params type follows from the function."""

    def __call__(self, function: Callable[[P, RunContext], None], /) -> Operation[P]:
        """Declare the function as the operation."""


def operation(  # noqa: PLR0913 - each keyword is one documented property of an operation
    name: str,
    *,
    queue: str = "",
    exclusive: Text[Any] = None,
    confirm: Text[Any] = None,
    read_only: bool = False,
    errors: tuple[type[Exception], ...] = (),
    aliases: tuple[str, ...] = (),
    partitions: int = 1,
    about: About[Any] = None,
    prints: Printed = "summary",
    limits: Limits | Callable[[Any], Limits | None] | None = None,
) -> Declare:
    """Declare and register the decorated function as the operation `name`; it keeps no other name.

    A declaration that cannot work is not registered; a system check says why.
    """

    def declare(function: Callable[[P, RunContext], None], /) -> Operation[P]:
        params_type = _params_type(function)
        declared = Operation(
            name, function, lambda: params_type, queue, exclusive, confirm, read_only, errors, aliases, partitions,
            about, prints, limits, has_dry_run=not read_only,
        )  # fmt: skip
        register(declared, _problems_of_params(declared))
        return declared

    return declare


def register(operation: Operation[Any], further: Iterable[Problem] = ()) -> None:
    """Register the operation unless it has problems, its own or `further` ones, which a system check then reports."""
    problems = [*_problems(operation), *further]
    for problem in problems:
        registry.refuse(problem)
    if not problems:
        registry.register(operation)


def _params_type(function: Callable[[P, RunContext], None]) -> type[P]:
    """The type of its argument `params`; `Params` itself when there is none."""
    try:
        found: Any = get_type_hints(function).get("params")
    except NameError:  # what it is annotated with is imported for type checkers alone
        found = None
    return cast("type[P]", found if isinstance(found, type) and issubclass(found, Params) else Params)


def _problems(operation: Operation[Any]) -> Iterator[Problem]:
    """Why it cannot be registered."""
    place = f"Operation {operation.name!r} of {operation.function.__module__}"
    if not NAME.fullmatch(operation.name):
        yield Problem(
            "upkeep_operations.E012",
            f"{place}: this is not a name of an operation.",
            "Name it `domain.verb_object`, in lower case: `shop.sync_prices`.",
        )
    if not operation.summary:
        yield Problem(
            "upkeep_operations.E013",
            f"{place} has no docstring.",
            "Say in the function's docstring what it does: that is the help of its command.",
        )


def _problems_of_params(operation: Operation[Any]) -> Iterator[Problem]:
    """Why it cannot have its params."""
    place = f"Operation {operation.name!r} of {operation.function.__module__}"
    if operation.params_type is Params:
        yield Problem(
            "upkeep_operations.E014",
            f"{place} has no argument `params` that is annotated with a class of parameters.",
            "Declare `class Name(Params): …`, also when it is empty, and annotate the first argument: `params: Name`.",
        )
    for message, hint in params.problems(operation.params_type):
        yield Problem("upkeep_operations.E015", f"{place}: {message}", hint)
