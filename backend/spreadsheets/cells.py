"""What any cell of a table may hold. No message quotes a cell: where cells have shifted, it may be a password."""

import re
from collections.abc import Callable
from unicodedata import category
from unicodedata import name as character_name

import idna

TRUE = ("true", "yes", "y", "wahr", "ja", "j", "x", "on", "1")
FALSE = ("false", "no", "n", "falsch", "nein", "off", "0")
"""And an empty cell."""
_OR_EMPTY = f"{', '.join(FALSE)}, or empty"
_BOOLEANS = dict.fromkeys(TRUE, True) | dict.fromkeys(("", *FALSE), False)
_NO_FRACTION = re.compile(r"(?<=[01])[.,]0+")
"""A spreadsheet's 1.0, or 1,0."""
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and signs that nobody sees either."""
_JOINERS = "\u200c\u200d"


class CellError(ValueError):
    """A cell holds what its column cannot."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def trimmed(cell: str) -> str:
    """The cell without white space, and characters that nobody sees, at its edges; its last letter keeps its joiner."""
    return without_edges(
        cell, lambda place: cell[place].isspace() or (is_hidden(cell[place]) and not _joins(cell, place))
    )


def boolean(cell: str) -> bool:
    """Whether the cell says yes; an empty one says no."""
    try:
        return _BOOLEANS[_NO_FRACTION.sub("", trimmed(cell).lower())]
    except KeyError:
        raise CellError("invalid_boolean", f"is neither true ({', '.join(TRUE)}) nor false ({_OR_EMPTY})") from None


def words(cell: str) -> str:
    """The cell in one line, with one blank for any white space."""
    return " ".join(trimmed(cell).split())


def without_edges(cell: str, is_edge: Callable[[int], bool]) -> str:
    """The cell from its first to its last place that is no edge."""
    kept = [place for place in range(len(cell)) if not is_edge(place)]
    return cell[kept[0] : kept[-1] + 1] if kept else ""


def visible(text: str, *, joiners: bool = False) -> str:
    """The text. Raises CellError when nobody sees one of its characters, but for `joiners` where they belong."""
    for place, sign in enumerate(text):
        if is_hidden(sign) and not (joiners and _joins(text, place)):
            name = character_name(sign, "control character").lower()
            raise CellError("hidden_character", f"has an invisible character inside: U+{ord(sign):04X}, {name}")
    return text


def is_hidden(sign: str) -> bool:
    """Whether nobody sees the character, and it is not white space."""
    return sign in _FILLERS or (category(sign) in ("Cc", "Cf") and not sign.isspace())


def _joins(text: str, place: int) -> bool:
    """Whether a joiner is there that changes how its neighbours are written, as in Persian: RFC 5892, A.1 and A.2."""
    try:
        return text[place] in _JOINERS and idna.valid_contextj(text, place)
    except ValueError:  # beside a character without a name, or in a text that is longer than any name
        return False
