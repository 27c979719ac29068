"""What a cell may hold. No message quotes a cell: where cells have shifted, any of them may be the password."""

import re
from unicodedata import normalize

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
_BOOLEANS = dict.fromkeys(("x", "true", "yes", "1"), True) | dict.fromkeys(("", "false", "no", "0"), False)


class CellError(ValueError):
    """A cell holds what its column cannot."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def key(username: str) -> str:
    """The same for two usernames that PostgreSQL's `lower` does not tell apart."""
    # One character for one, as PostgreSQL does: Python's lower() looks at a sigma's neighbours, and dots the dotted I.
    return "".join(character.lower()[0] for character in username)


def boolean(cell: str) -> bool:
    """Whether the cell says yes; an empty one says no."""
    try:
        return _BOOLEANS[cell.strip().lower()]
    except KeyError:
        raise CellError("invalid_boolean", "is neither true nor false") from None


def name(cell: str) -> str:
    """A first or a last name."""
    return _at_most(NAME_LENGTH, cell.strip())


def full_name(cell: str) -> str:
    """A whole name."""
    return _at_most(FULL_NAME_LENGTH, cell.strip())


def username(cell: str) -> str:
    """The username as Django's forms normalize it, so that its owner can sign in; empty if there is none."""
    text = _at_most(USERNAME_LENGTH, normalize("NFKC", cell.strip()))
    if text and not re.match(USERNAME, text):
        raise CellError("invalid_username", "has characters that no username has")
    return text


def email(cell: str) -> str:
    """The address with its domain in lower case, as Django's `normalize_email` has it; empty if there is none."""
    local_part, at, domain = cell.strip().rpartition("@")
    text = _at_most(EMAIL_LENGTH, local_part + at + domain.lower())
    if text and not _EMAIL.fullmatch(text):
        raise CellError("invalid_email", "is not an e-mail address")
    return text


def _at_most(length: int, text: str) -> str:
    if len(text) > length:
        raise CellError("too_long", f"has more than {length} characters")
    return text
