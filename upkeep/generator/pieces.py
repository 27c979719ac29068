"""The pieces of an operation: which it has, by its type, and the text of each."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

TEMPLATES = Path(__file__).with_name("templates")
PACKAGE = "upkeep.generator.templates"
TYPES = {
    "base": ("code",),
    "import": ("code", "title"),
    "maintenance": ("code", "created_at"),
    "report": ("code",),
    "integration": ("code", "title"),
}
"""What each needs of its model."""
LABELS = {"app": (), "text": ("code",)}
"""The same of what takes the place of `base` when the operation is given labels."""
NEEDS = {"code": "a text", "title": "another text", "created_at": "a time"}
"""What these are, for people."""
ROLES = ("operation", "kernel", "connector", "test")
MAX_LINE = 120


def of(kind: str) -> dict[str, str]:
    """The templates of a type, by role."""
    return {role: f"{kind}_{role}" for role in ROLES if (TEMPLATES / f"{kind}_{role}.py").exists()}


@cache
def template(name: str) -> str:
    """Its text."""
    return (TEMPLATES / f"{name}.py").read_text(encoding="utf-8")


def names(text: str) -> Iterator[str]:
    """What a module defines, imports and uses."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=imported) | ast.ImportFrom(names=imported):
                yield from ((each.asname or each.name) for each in imported)


def rendered(name: str, *, modules: Mapping[str, str], words: Mapping[str, str]) -> str:
    """A template with the project's modules in the place of templates, and other words in the place of its own."""

    def other(found: re.Match[str]) -> str:
        if member := found["member"]:
            package, _, module = modules[member].rpartition(".")
            return f"from {package} import {module}"
        if module := found["module"]:
            return modules[module]
        field, lookup, rest = found[0].partition("__")  # `code__in`
        return modules[""] if found[0] == PACKAGE else words.get(field, field) + lookup + rest

    text = re.sub(
        rf"from {PACKAGE} import (?P<member>\w+)|{PACKAGE}\.(?P<module>\w+)|{PACKAGE}|\w+", other, template(name)
    )
    return "\n".join(map(_wrapped, text.split("\n")))


def described(text: str, name: str, sentence: str) -> str:
    """The module of an operation with this sentence as the operation's docstring."""
    function = text.index(f"\ndef {name}(")
    start, end = text.index('"""', function) + 3, text.index('"""\n', function)
    return text[:start] + sentence + text[end:]


def _wrapped(line: str) -> str:
    """An import that is too long, a line for each name."""
    parts = re.fullmatch(r"( *)(from \S+ import )([^#(]+?)(  #.*)?", line)
    if not parts or len("".join(parts.groups("")[:3])) <= MAX_LINE:
        return line
    indent, start, imported, comment = parts.groups("")
    return "\n".join(
        [f"{indent}{start}({comment}", *(f"{indent}    {each}," for each in imported.split(", ")), f"{indent})"]
    )
