"""All operations of this process, by name."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from upkeep.operations.errors import UnknownOperationError

if TYPE_CHECKING:
    from upkeep.operations.declaration import Operation

_operations: "dict[str, Operation[Any]]" = {}
_names: dict[str, str] = {}


def register(operation: "Operation[Any]") -> None:
    """Make the operation known by its full name, its short name and its aliases.

    Raises:
        ImproperlyConfigured: one of these names is another operation's.
    """
    names = (operation.name, operation.short_name, *operation.aliases)
    for name in names:
        if name in _names:
            raise ImproperlyConfigured(f"operation {operation.name!r}: {_names[name]!r} has the name {name!r} already")
    _operations[operation.name] = operation
    _names.update(dict.fromkeys(names, operation.name))


def find(name: str) -> "Operation[Any]":
    """The operation of this full name, short name or alias.

    Raises:
        UnknownOperationError: there is none; the message names the nearest ones.
    """
    try:
        return _operations[_names[name]]
    except KeyError:
        close = get_close_matches(name, _names, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]!r}?" if close else "`run_task` lists them all"
        raise UnknownOperationError(f"no operation {name[:80]!r}: {hint}") from None


def operations() -> "Iterator[Operation[Any]]":
    """All operations, in the order of their names."""
    return iter(sorted(_operations.values(), key=lambda operation: operation.name))


def names(*, queue: str = "") -> list[str]:
    """The names of all operations, or of those of a queue; earlier names included."""
    found = (item for item in operations() if queue in ("", item.queue))
    return [name for item in found for name in (item.name, *item.aliases)]
