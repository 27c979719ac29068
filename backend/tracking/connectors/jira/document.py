"""Plain text of an Atlassian document: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

DEEPEST = 100
"""Levels; an editor makes about ten."""

END_OF_LINE = None

NAMES_OF_TEXT = ("text", "shortName", "title", "url")
"""The attributes in which a mention, a status, an emoji or a card says what people read."""


def plain(document: object) -> str:
    """Return a document's text: each paragraph, list item, cell and block of code on lines of its own.

    What is not known is given by its text. What is deeper than 100 levels is left out.
    """
    lines: list[list[str]] = [[]]
    for piece in _pieces(document, DEEPEST):
        if piece is END_OF_LINE:
            lines.append([])
        else:
            lines[-1].append(piece)
    return "\n".join(filter(None, ("".join(line) for line in lines)))


def _pieces(node: object, levels: int) -> Iterator[str | None]:
    if not isinstance(node, dict) or not levels:
        return
    content = node.get("content")
    if not isinstance(content, list):
        yield _text(node)
        return
    yield END_OF_LINE
    for child in content:
        yield from _pieces(child, levels - 1)
    yield END_OF_LINE


def _text(node: dict[Any, Any]) -> str:
    """Return the text of something within a line."""
    attributes = node.get("attrs")
    own = attributes if isinstance(attributes, dict) else {}
    if node.get("type") == "hardBreak":
        return "\n"
    if node.get("type") == "date":
        return _day(own.get("timestamp"))
    values = (node.get("text"), *(own.get(name) for name in NAMES_OF_TEXT))
    return next((value for value in values if isinstance(value, str)), "")


def _day(timestamp: object) -> str:
    """Return a day, which comes as text or a number of milliseconds."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(str(timestamp)))).date().isoformat()
    except (ValueError, OverflowError):
        return ""
