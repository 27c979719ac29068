"""What a cell may hold. No message quotes a cell: where cells have shifted, any of them may be the password."""

import re
from collections.abc import Callable
from unicodedata import category, normalize
from unicodedata import name as character_name

import idna

USERNAME_LENGTH = 254  # the longest e-mail address
EMAIL_LENGTH = 254
NAME_LENGTH = 150
FULL_NAME_LENGTH = 2 * NAME_LENGTH + 1  # first and last name, with a space
USERNAME = r"^[\w.@+\-!#$%&'*/=?^`{|}~]+\Z"  # Django's characters, and those of e-mail addresses

# What Django's EmailValidator takes, without quoted local parts and IP addresses.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LETTERS = "a-z\u00a1-\uffff"
_LABEL = f"[0-9{_LETTERS}](?:[0-9{_LETTERS}-]{{0,61}}[0-9{_LETTERS}])?"
_TOP = f"(?!-)(?:[{_LETTERS}-]{{2,63}}|xn--[a-z0-9]{{1,59}})(?<!-)"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:localhost|(?:{_LABEL}\.)+{_TOP})")
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


def key(username: str) -> str:
    """The same for two usernames that PostgreSQL's `lower` does not tell apart."""
    # One character for one, as PostgreSQL does: Python's lower() looks at a sigma's neighbours, and dots the dotted I.
    return "".join(character.lower()[0] for character in username)


def trimmed(cell: str) -> str:
    """The cell without white space, and characters that nobody sees, at its edges; its last letter keeps its joiner."""
    return _without_edges(
        cell, lambda place: cell[place].isspace() or (_is_hidden(cell[place]) and not _joins(cell, place))
    )


def password(cell: str) -> str:
    """The password with its blanks, but not with what nobody sees, since nobody types it: a character copied along."""
    return _visible(_without_edges(cell, lambda place: _is_hidden(cell[place])))


def boolean(cell: str) -> bool:
    """Whether the cell says yes; an empty one says no."""
    try:
        return _BOOLEANS[_NO_FRACTION.sub("", trimmed(cell).lower())]
    except KeyError:
        raise CellError("invalid_boolean", f"is neither true ({', '.join(TRUE)}) nor false ({_OR_EMPTY})") from None


def name(cell: str) -> str:
    """A first or a last name, with one blank for any white space."""
    return _at_most(NAME_LENGTH, _words(cell))


def full_name(cell: str) -> str:
    """A whole name, with one blank for any white space."""
    return _at_most(FULL_NAME_LENGTH, _words(cell))


def username(cell: str) -> str:
    """The username as Django's forms normalize it, so that its owner can sign in; empty if there is none."""
    text = _at_most(USERNAME_LENGTH, normalize("NFKC", _visible(trimmed(cell))))
    if text and not re.match(USERNAME, text):
        raise CellError("invalid_username", "has characters that no username has")
    return text


def email(cell: str) -> str:
    """The address with its domain in lower case, as Django's `normalize_email` has it; empty if there is none."""
    local_part, at, domain = _visible(trimmed(cell)).rpartition("@")
    text = _at_most(EMAIL_LENGTH, local_part + at + domain.lower())
    if text and not _EMAIL.fullmatch(text):
        raise CellError("invalid_email", "is not an e-mail address")
    return text


def _at_most(length: int, text: str) -> str:
    if len(text) > length:
        raise CellError("too_long", f"has more than {length} characters")
    return text


def _words(cell: str) -> str:
    return _visible(" ".join(trimmed(cell).split()), joiners=True)


def _without_edges(cell: str, is_edge: Callable[[int], bool]) -> str:
    kept = [place for place in range(len(cell)) if not is_edge(place)]
    return cell[kept[0] : kept[-1] + 1] if kept else ""


def _visible(text: str, *, joiners: bool = False) -> str:
    for place, sign in enumerate(text):
        if _is_hidden(sign) and not (joiners and _joins(text, place)):
            name = character_name(sign, "control character").lower()
            raise CellError("hidden_character", f"has a character inside that nobody sees: U+{ord(sign):04X}, {name}")
    return text


def _is_hidden(sign: str) -> bool:
    return sign in _FILLERS or (category(sign) in ("Cc", "Cf") and not sign.isspace())


def _joins(text: str, place: int) -> bool:
    """Whether a joiner is there that changes how its neighbours are written, as in Persian: RFC 5892, A.1 and A.2."""
    try:
        return text[place] in _JOINERS and idna.valid_contextj(text, place)
    except ValueError:  # beside a character without a name, or in a text that is longer than any name
        return False
