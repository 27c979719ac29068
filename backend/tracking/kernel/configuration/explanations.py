"""What pydantic says about a document, in words for its author."""

import re
from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from backend.tracking.kernel.configuration.documents import Document, Path, Unquoted
from backend.tracking.kernel.configuration.items import SECRETS
from backend.tracking.kernel.configuration.problems import Problem, shown, suggestion
from backend.tracking.kernel.configuration.schema import FILE, SECTIONS, Section

WANTED = {
    "string_type": "a text",
    "list_type": "a list (each item begins with -)",
    "model_type": "a mapping (key: value)",
}

WORD = re.compile("[a-z_]{1,40}")
"""What a key looks like, and hardly a secret."""


def explained(error: ValidationError, document: Document) -> Iterator[Problem]:
    """Each error with its line."""
    for detail in error.errors(include_url=False, include_context=False):
        yield Problem(document.line(detail["loc"]), _message(detail, detail["loc"]))


def _message(detail: ErrorDetails, path: Path) -> str:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if detail["type"] == "extra_forbidden":
        return _unknown(key, _section(path[:-1]))
    if detail["type"] == "missing":
        section = _section(path[:-1])
        return f"{key} is missing: every {section.name} has one"
    subject = key or "the file"
    if isinstance(path[-1] if path else "", int):
        subject = f"an item of {key}"
    if detail["type"] == "value_error":
        return f"{subject} {detail['msg'].removeprefix('Value error, ')}"
    wanted = WANTED.get(detail["type"], "something else")
    return f"{subject} must be {wanted}, not {_found(detail['input'], is_secret=key in SECRETS)}"


def _unknown(key: str, section: Section) -> str:
    name, colon, _ = key.partition(":")  # what follows it is a value, and may be a secret
    shown_key = repr(name) if WORD.fullmatch(name) else shown(name)
    hint = "is a space missing after the colon?" if colon else suggestion(name, section.keys)
    return f"unknown key {shown_key} in the {section.name}: {hint}"


def _section(path: Path) -> Section:
    keys = [part for part in path if isinstance(part, str)]
    return SECTIONS.get(keys[-1], FILE) if keys else FILE


def _found(value: object, *, is_secret: bool) -> str:
    if isinstance(value, Unquoted):
        if is_secret:
            return f"{value.kind}: put it into quotes"
        return f"{value.kind}: put it into quotes, '{shown(value.written)[1:-1]}'"
    if isinstance(value, str):
        return "a text (not shown)" if is_secret else shown(value)
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else "nothing"
