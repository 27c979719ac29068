"""What `--help` says beyond the descriptions: which values a parameter takes, its default, and examples."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import Enum
from typing import Any, get_args

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen
from django.core.management.base import DjangoHelpFormatter
from pydantic.fields import FieldInfo

WIDTH = 78
"""Of the examples: a terminal of 80 columns shows them as they are typed, and argparse leaves two."""
PLAIN = re.compile(r"[\w./:+@-]*\w")
"""A default that needs no quotes to be facts from the sentence around it."""
BOUNDS = {
    Ge: ("ge", "Minimum"),
    Gt: ("gt", "Above"),
    Le: ("le", "Maximum"),
    Lt: ("lt", "Below"),
    MinLen: ("min_length", "Minimum length"),
    MaxLen: ("max_length", "Maximum length"),
}
"""Where each holds its value, and what the help calls it."""
WHOLE = {"Above": ("Minimum", 1), "Below": ("Maximum", -1)}
"""What is said instead of whole numbers."""
RANGES = (("Minimum", "Maximum", "Range"), ("Minimum length", "Maximum length", "Length"))


class UsageFormatter(DjangoHelpFormatter):
    """Django's, which keeps the paragraphs of a description, and the lines of one that is indented."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = []
        for part in text.split("\n\n"):
            is_drawn = re.search("^ ", part, re.MULTILINE)
            paragraphs.append(part if is_drawn else super()._fill_text(part, width, indent))
        return "\n\n".join(paragraphs)


def of_parameter(field: FieldInfo, *, flag: str) -> str:
    """The help of a parameter whose option is `flag`: its description, the values that it takes, its default."""
    facts = dict(_bounds(field))
    for low, high, both in RANGES:
        if low in facts and high in facts:
            least, most = facts.pop(low), facts.pop(high)
            facts[both] = f"{least} to {most}"
    if default := _default(field, flag):
        facts["Default"] = default
    return " ".join([(field.description or "").strip(), *(f"{name}: {value}." for name, value in facts.items())])


def of_examples(command: str, examples: Iterable[tuple[str, str]]) -> str:
    """What follows the options: each example as it is typed, and what it does. Empty when there is none."""
    lines = [
        f"  {command} {arguments}".rstrip() + "\n" + textwrap.indent(textwrap.fill(meaning, WIDTH - 6), " " * 6)
        for arguments, meaning in examples
    ]
    return "\n".join(["examples:", *lines]) if lines else ""


def _bounds(field: FieldInfo) -> Iterator[tuple[str, Any]]:
    """The bounds of a parameter, as the help calls them."""
    types = {*_types(field.annotation)}
    is_whole = int in types and not types & {float, Decimal}
    for mark in _marks(field.annotation, field.metadata):
        attribute, name = BOUNDS.get(type(mark), ("", ""))
        if name:
            value = getattr(mark, attribute)
            name, more = WHOLE.get(name, (name, 0)) if is_whole else (name, 0)
            yield name, value + more if more else value


def _marks(annotation: Any, metadata: Iterable[Any] = ()) -> Iterator[Any]:
    """What an annotation, or one within it, says of its values."""
    for mark in metadata:
        if isinstance(mark, FieldInfo):
            yield from mark.metadata
        elif isinstance(mark, GroupedMetadata):
            yield from mark
        else:
            yield mark
    for part in get_args(annotation):
        yield from _marks(part, getattr(part, "__metadata__", ()))


def _types(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of."""
    parts = get_args(annotation)
    yield from (kind for part in parts for kind in _types(part)) if parts else [annotation]


def _default(field: FieldInfo, flag: str) -> str:
    """The default as the help shows it; empty where nothing stands for it, or the description says it."""
    if field.is_required() or field.default_factory_takes_validated_data or "Default:" in (field.description or ""):
        return ""
    value = field.get_default(call_default_factory=True)
    if value is True:
        return flag
    if value in (None, "") or value is False:
        return ""
    return ", ".join(map(_shown, value)) if isinstance(value, list | tuple | set | frozenset) else _shown(value)


def _shown(value: Any) -> str:
    text = str(value.value if isinstance(value, Enum) else value)
    return text if PLAIN.fullmatch(text) else repr(text)
