"""The parameters of an operation: one frozen pydantic model, the only validator there is."""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from inspect import cleandoc
from itertools import pairwise
from linecache import getlines
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, SecretBytes, SecretStr, ValidationError

from upkeep.operations.errors import InvalidParamsError
from upkeep.validation import explained

RESERVED_NAMES = frozenset(
    {
        "args",
        "as",
        "as_user",
        "confirm",
        "dry_run",
        "enqueue",
        "force_color",
        "help",
        "json",
        "max_changes",
        "max_deleted",
        "max_failed",
        "no_color",
        "no_input",
        "partitions",
    }
    | {
        "pythonpath",
        "settings",
        "skip_checks",
        "stderr",
        "stdout",
        "sync",
        "traceback",
        "verbose",
        "verbosity",
        "version",
        "wait",
    }
)
"""Names that say how to run, not what; Django's commands and ours have them already."""


HOW = ("dry_run", "confirm", "partitions", "max_deleted", "max_changes", "max_failed")
"""Those of these names that are accepted among values from outside."""


class Positional:
    """Marks a field as a positional argument of the command: `Annotated[str, Positional()]`."""


class Params(BaseModel):
    """The parameters of an operation. Attribute docstrings are the help of each field; defaults live here alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **_kwargs: Any) -> None:
        """Make the docstrings of the attributes their descriptions, then build the schema.

        As pydantic's `use_attribute_docstrings`, which before Python 3.13 looks for the class in every imported module.
        """
        docstrings = _docstrings(cls)
        for name, field in cls.model_fields.items():
            if field.description is None:
                field.description = docstrings.get(name)
        cls.model_rebuild(raise_errors=False, _types_namespace={})

    @classmethod
    def parse(cls, values: Mapping[str, Any], spell: Callable[[str], str] = str) -> Self:
        """The validated params; `spell` turns a field's name into what the user typed, such as `--limit`.

        Raises:
            InvalidParamsError: in one line, everything that is wrong.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise InvalidParamsError(explained(error, cls, also=HOW, spell=spell)) from None


def problems(params_type: type[Params]) -> Iterator[tuple[str, str]]:
    """What keeps an operation from having these parameters, and what to do about it: a line each."""
    for name, field in params_type.model_fields.items():
        if name in RESERVED_NAMES:
            yield f"parameter {name!r} has a name that is reserved for the command line.", "Choose another name."
        if any(secret.__name__ in repr(field.annotation) for secret in (SecretStr, SecretBytes)):
            yield f"parameter {name!r} is a secret, and parameters are recorded.", "Read it from the settings."


def without_help(params_type: type[Params]) -> Iterator[tuple[str, str]]:
    """Parameters that have no help, and what to do about it."""
    for name, field in params_type.model_fields.items():
        if not (field.description or "").strip():
            yield f"parameter {name!r} has no help.", "Say what it means in a docstring below it."


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The strings below the attributes of a class, by their names; none when its source is not there."""
    module = sys.modules.get(model.__module__)
    lines = getlines(getattr(module, "__file__", None) or "", vars(module) if module else None)
    try:
        return _docstrings_by_class("".join(lines)).get(model.__qualname__, {})
    except SyntaxError:  # it was not written in Python
        return {}


@lru_cache(maxsize=1)  # the classes of a module come one after the other
def _docstrings_by_class(source: str) -> dict[str, dict[str, str]]:
    return {
        name: {
            attribute.target.id: cleandoc(below.value.value)
            for attribute, below in pairwise(found.body)
            if isinstance(attribute, ast.AnnAssign) and isinstance(attribute.target, ast.Name)
            and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        }
        for name, found in _classes(ast.parse(source))
    }  # fmt: skip


def _classes(within: ast.AST, scope: str = "") -> Iterator[tuple[str, ast.ClassDef]]:
    """All classes with their qualified names."""
    for node in ast.iter_child_nodes(within):
        match node:
            case ast.ClassDef(name=name):
                yield scope + name, node
                yield from _classes(node, f"{scope}{name}.")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield from _classes(node, f"{scope}{name}.<locals>.")
            case ast.stmt() | ast.excepthandler() | ast.match_case():
                yield from _classes(node, scope)
