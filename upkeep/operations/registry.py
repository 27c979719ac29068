"""All operations of this process, by name; and the declarations that were refused, for the system checks."""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from upkeep.operations import discovery
from upkeep.operations.definition import Operation
from upkeep.operations.errors import OperationError, UnknownOperationError


class Problem(NamedTuple):
    """Why a declaration was refused, and what to do about it: a line each."""

    id: str
    """Of the system check that reports it: `upkeep_operations.E010`; see `docs/checks.md`."""
    message: str
    hint: str


_operations: dict[str, Operation[Any]] = {}
_names: dict[str, str] = {}
_problems: list[Problem] = []
_examined: list[Callable[[], Iterable[Problem]]] = []


def register(operation: Operation[Any]) -> None:
    """Make the operation known by its full name, its short name and its aliases.

    When one of these is another operation's, nothing is registered, and a system check reports it: raised here, in the
    middle of an import, it would be a stack, and hide all that is wrong beside it.
    """
    names = (operation.name, operation.short_name, *operation.aliases)
    taken = next((name for name in names if name in _names), None)
    if taken is not None:
        refuse(_duplicate(taken, operation, _operations[_names[taken]]))
        return
    _operations[operation.name] = operation
    _names.update(dict.fromkeys(names, operation.name))


def refuse(problem: Problem) -> None:
    """Let a system check report a declaration that cannot work."""
    _problems.append(problem)


def examine(look: Callable[[], Iterable[Problem]]) -> None:
    """Let the system checks ask for the problems of a declaration that show only once everything can be imported."""
    _examined.append(look)


def problems() -> list[Problem]:
    """What is wrong with the declarations that this process has imported."""
    discovery.import_put_off()
    return [*_problems, *(problem for look in _examined for problem in look())]


def find(name: str) -> Operation[Any]:
    """The operation of this full name, short name or alias.

    Raises:
        UnknownOperationError: there is none; the message names the nearest ones.
    """
    discovery.import_put_off()
    try:
        return _operations[_names[name]]
    except KeyError:
        ends = {known.rpartition(".")[2]: known for known in _names if ("." in known) == ("." in name)}
        close = get_close_matches(name.rpartition(".")[2], ends, n=1)  # names of one app all begin alike
        hint = f"did you mean {ends[close[0]]!r}?" if close else "`run_task` lists them all"
        raise UnknownOperationError(f"no operation {name[:80]!r}: {hint}") from None


def check(operation: Operation[Any]) -> None:
    """Raise OperationError for an operation that was refused: its name may lead to another one."""
    if _operations.get(operation.name) is not operation:
        raise OperationError(f"{operation.name} was refused when it was declared: `manage.py check` says why")


def operations() -> Iterator[Operation[Any]]:
    """All operations, in the order of their names."""
    discovery.import_put_off()
    return iter(sorted(_operations.values(), key=lambda operation: operation.name))


def names(*, queue: str = "") -> list[str]:
    """The names of all operations, or of those of a queue; earlier names included."""
    found = (item for item in operations() if queue in ("", item.queue))
    return [name for item in found for name in (item.name, *item.aliases)]


def _duplicate(name: str, second: Operation[Any], first: Operation[Any]) -> Problem:
    places = [f"{operation.name} of {operation.function.__module__}{_line(operation)}" for operation in (first, second)]
    return Problem(
        "upkeep_operations.E011",
        f"Two operations have the name {name!r}: {places[0]} and {places[1]}.",
        "Rename one: full names, short names (the commands) and aliases are unique in a project.",
    )


def _line(operation: Operation[Any]) -> str:
    """Where in its module the function is, as far as it is written there."""
    code = getattr(operation.function, "__code__", None)
    if code is None or code.co_name != operation.function.__name__:  # as of an adopted command
        return ""
    return f" (`{code.co_name}`, line {code.co_firstlineno})"
