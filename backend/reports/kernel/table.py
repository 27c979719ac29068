"""A table of texts for a terminal."""

import re
from collections.abc import Sequence
from unicodedata import category, east_asian_width

GAP = "  "
MIN_WIDTH = 6
"""To which a column is narrowed at most."""
NUMBER = re.compile(r"-?\d+(\.\d+)?|")


def rendered(columns: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None) -> str:
    """The rows below their heading, numbers to the right; with a `width`, the widest columns are cut until it fits."""
    widths = [max(map(_width, (name, *cells))) for name, *cells in zip(columns, *rows, strict=True)]
    room = width - len(GAP) * (len(columns) - 1) if width else sum(widths)
    while sum(widths) > room and max(widths) > MIN_WIDTH:
        widths[widths.index(max(widths))] -= 1
    is_number = [all(map(NUMBER.fullmatch, cells)) for cells in zip(*rows, strict=True)] or [False] * len(columns)
    lines = [columns, ["─" * each for each in widths], *rows]
    return "\n".join(_line(line, widths, is_number) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> str:
    shown = []
    for cell, width, right in zip(cells, widths, is_number, strict=True):
        text = _cut(cell, width)
        blanks = " " * (width - _width(text))
        shown.append(blanks + text if right else text + blanks)
    return GAP.join(shown).rstrip()


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while text and _width(text) >= width:
        text = text[:-1]
    return f"{text}…"


def _width(text: str) -> int:
    """Columns of a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if category(sign) in ("Mn", "Me") else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)
