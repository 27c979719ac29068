"""The decorator that declares a function as an operation."""

import re
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, Generic, Never, TypeVar, cast, get_type_hints, overload

from upkeep.operations import params, registry
from upkeep.operations.context import RunContext
from upkeep.operations.definition import About, Examples, Operation, P, Printed, Text
from upkeep.operations.limits import Limits
from upkeep.operations.params import Params
from upkeep.operations.registry import Problem

NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
Exclusive_co = TypeVar("Exclusive_co", bound=Params, covariant=True)
Confirm_co = TypeVar("Confirm_co", bound=Params, covariant=True)
Asked_co = TypeVar("Asked_co", bound=Params, covariant=True)
Limited_co = TypeVar("Limited_co", bound=Params, covariant=True)


class Declare(Generic[Exclusive_co, Confirm_co, Asked_co, Limited_co]):
    """Declares the decorated function as an operation, whose params are those of the functions that were given.

    For mypy: the type variables are the params that `exclusive`, `confirm`, `about` and `limits` take, and Never where
    these are no functions. Being covariant, two that differ have no params in common that the decorated function takes.
    """

    def __init__(self, declare: Callable[[Callable[[Any, RunContext], None]], Operation[Any]]) -> None:
        """`declare` does it."""
        self._declare = declare

    @overload
    def __call__(
        self: "Declare[Never, Never, Never, Never]", function: Callable[[P, RunContext], None], /
    ) -> Operation[P]: ...

    @overload
    def __call__(self: "Declare[P, P, P, P]", function: Callable[[P, RunContext], None], /) -> Operation[P]: ...

    def __call__(self, function: Callable[[Any, RunContext], None], /) -> Operation[Any]:
        """Declare it."""
        return self._declare(function)


def operation(  # noqa: PLR0913 - each keyword is one documented property of an operation
    name: str,
    *,
    queue: str = "",
    exclusive: Text[Exclusive_co] = None,
    confirm: Text[Confirm_co] = None,
    read_only: bool = False,
    errors: tuple[type[Exception], ...] = (),
    aliases: tuple[str, ...] = (),
    partitions: int = 1,
    about: About[Asked_co] = None,
    prints: Printed = "summary",
    limits: Limits | Callable[[Limited_co], Limits | None] | None = None,
    configured: Callable[[Any], None] | None = None,
    examples: Examples = (),
    once: bool = False,
) -> Declare[Exclusive_co, Confirm_co, Asked_co, Limited_co]:
    """Declare and register the decorated function as the operation `name`; it keeps no other name.

    A declaration that cannot work is not registered; a system check says why. Functions among the properties take the
    operation's own params; mypy sees to that, but for lambdas.

    Raises:
        TypeError: it was written without a name, as `@operation`.
    """
    if isinstance(name, FunctionType):
        app, function = name.__module__.partition(".")[0], name.__name__
        raise TypeError(f'@operation needs a name: write `@operation("{app}.{function}")` above `def {function}`')

    def declare(function: Callable[[Any, RunContext], None], /) -> Operation[Any]:
        params_type = _params_type(function)
        key = exclusive or (name if once else None)
        declared: Operation[Any] = Operation(
            name, function, lambda: params_type, queue, key, confirm, read_only, errors, aliases, partitions,
            about, prints, limits, has_dry_run=not read_only, has_limits=not read_only,
            configured=configured, examples=examples, once=once,
        )  # fmt: skip
        register(declared, _problems_of_params(declared))
        registry.examine(lambda: _problems_of_help(declared))
        return declared

    return Declare(declare)


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
            f"{place}: this name is invalid.",
            "Name it `domain.verb_object`, in lower case: `shop.sync_prices`.",
        )
    if not operation.summary:
        yield Problem(
            "upkeep_operations.E013",
            f"{place} has no docstring.",
            "Describe in the function's docstring what it does: that is the help of its command.",
        )
    if not _are_examples(operation.examples):
        yield Problem(
            "upkeep_operations.E019",
            f"{place}: its examples are not pairs of texts.",
            'Write arguments and what they do: `examples=(("--dry-run", "Show what would be changed."),)`.',
        )


def _are_examples(given: Any) -> bool:
    return isinstance(given, tuple | list) and all(
        isinstance(pair, tuple | list) and [type(text) for text in pair] == [str, str] for pair in given
    )


def _problems_of_params(operation: Operation[Any]) -> Iterator[Problem]:
    """Why it cannot have its params."""
    place = f"Operation {operation.name!r} of {operation.function.__module__}"
    if operation.params_type is Params:
        yield Problem(
            "upkeep_operations.E014",
            f"{place} has no argument `params` that is annotated with a class of parameters.",
            "Declare `class Name(Params): …`, even if it is empty, and annotate the first argument: `params: Name`.",
        )
    for message, hint in params.problems(operation.params_type):
        yield Problem("upkeep_operations.E015", f"{place}: {message}", hint)


def _problems_of_help(operation: Operation[Any]) -> Iterator[Problem]:
    """What is missing in `--help`. It runs nevertheless: compiled modules without their source have no help at all."""
    for message, hint in params.without_help(operation.params_type):
        yield Problem("upkeep_operations.E017", f"Operation {operation.name!r}: {message}", hint)
