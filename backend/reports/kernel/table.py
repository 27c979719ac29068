"""A table of texts for a terminal."""

import re
from collections.abc import Sequence
from unicodedata import category, east_asian_width

GAP = "  "
MIN_WIDTH = 6
"""To which a column is narrowed at most."""
NUMBER = re.compile(r"-?\d+(\.\d+)?|")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?|")


def rendered(columns: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None) -> str:
    """The rows below their heading, numbers to the right.

    With a `width`, what does not fit has a heading of several lines (`worked_hours` of two), then the widest texts are
    cut; numbers and moments only when all texts are short.
    """
    cells = [*zip(*rows, strict=True)] or [()] * len(columns)
    headings, widths = [columns], _widths([columns], cells)
    room = width - len(GAP) * (len(columns) - 1) if width else sum(widths)
    if sum(widths) > room:
        headings = _stacked(columns)
        widths = _widths(headings, cells)
    is_number = [all(map(NUMBER.fullmatch, each)) and bool(each) for each in cells]
    is_fixed = [all(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell) for cell in each) for each in cells]
    for may_narrow in ([not fixed for fixed in is_fixed], [True] * len(columns)):
        _narrow(widths, room, may_narrow)
    lines = [*headings, ["─" * each for each in widths], *rows]
    return "\n".join(_line(line, widths, is_number) for line in lines)


def _widths(headings: Sequence[Sequence[str]], cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(_width, (*names, *each))) for *names, each in zip(*headings, cells, strict=True)]


def _stacked(columns: Sequence[str]) -> list[Sequence[str]]:
    """The words of the names below each other, ending in the same line."""
    words = [name.split("_") for name in columns]
    height = max(map(len, words))
    return [*zip(*([""] * (height - len(each)) + each for each in words), strict=True)]


def _narrow(widths: list[int], room: int, may_narrow: Sequence[bool]) -> None:
    while sum(widths) > room:
        widest = max(width for width, may in zip((*widths, 0), (*may_narrow, True), strict=True) if may)
        if widest <= MIN_WIDTH:
            return
        widths[next(at for at, width in enumerate(widths) if width == widest and may_narrow[at])] -= 1


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
