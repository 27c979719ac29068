"""Which names a new operation and a new app may have."""

import builtins
import keyword
import re
from collections.abc import Iterable
from difflib import get_close_matches

from django.core.management import get_commands

from upkeep.operations import registry
from upkeep.operations.discovery import NOT_OPERATIONS
from upkeep.operations.errors import InvalidParamsError, UnknownOperationError

MAX_LENGTH = 40
MAX_DESCRIPTION = 100


def check_spelling(what: str, name: str) -> None:
    """Raise InvalidParamsError unless this can name a module, a function and a part of an operation's name."""
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        words = re.findall("[a-z0-9]+", re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
        better = "_".join(words).lstrip("0123456789_")
        hint = f": did you mean {better!r}?" if better else ""
        raise InvalidParamsError(f"{what} {name[:80]!r} is not a word of lower-case letters, digits and _{hint}")
    if keyword.iskeyword(name):
        raise InvalidParamsError(f"{what} {name!r} is a keyword of Python: choose another one")
    if len(name) > MAX_LENGTH:
        raise InvalidParamsError(f"{what} {name[:20]!r}… has {len(name)} characters: at most {MAX_LENGTH}")


def check_free(name: str) -> None:
    """Raise InvalidParamsError when an installed command or an operation has this name, or Python needs it."""
    if holder := get_commands().get(name):
        app = "Django" if holder == "django.core" else holder
        raise InvalidParamsError(f"NAME {name!r} is taken: there is a command of that name in {app}")
    try:
        operation = registry.find(name)
    except UnknownOperationError:
        pass
    else:
        raise InvalidParamsError(f"NAME {name!r} is taken by the operation {operation.name}")
    if name in NOT_OPERATIONS or name.startswith("test_"):
        raise InvalidParamsError(f"NAME {name!r} is taken: in a module of that name no operation is found")
    if {name, class_name(name)} & {*dir(builtins)}:
        raise InvalidParamsError(f"NAME {name!r} is taken: it would hide what Python has by that name")


def check_choice(option: str, value: str, choices: Iterable[str]) -> None:
    """Raise InvalidParamsError unless the value is one of the choices."""
    known = list(choices)
    if value not in known:
        close = get_close_matches(value.lower(), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}"
        raise InvalidParamsError(f"unknown {option} {value[:80]!r}: {hint}")


def sentence(text: str) -> str:
    """The description as the first line of a docstring. Raises InvalidParamsError when it cannot be that."""
    found = text.strip()
    if not found or len(found) > MAX_DESCRIPTION or not found.isprintable() or '"' in found or "\\" in found:
        raise InvalidParamsError(
            f"--description is one line of at most {MAX_DESCRIPTION} characters, without double quotes and backslashes"
        )
    return found[0].upper() + found[1:] + ("" if found.endswith((".", "!", "?")) else ".")


def class_name(name: str) -> str:
    """`sync_prices` as the name of a class: `SyncPrices`."""
    return "".join(word.capitalize() for word in name.split("_"))
