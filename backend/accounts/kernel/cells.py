"""What the cells of a user may hold; no message quotes one: see `backend.spreadsheets.cells`."""

import re
from unicodedata import normalize

from backend.spreadsheets.cells import CellError, is_hidden, trimmed, visible, without_edges, words

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
_EMAIL = rf"{_ATOM}(?:\.{_ATOM})*@(?:localhost|(?:{_LABEL}\.)+{_TOP})"
"""Compiled at its first use: that takes long, and every command imports this module, with the user model."""


def key(username: str) -> str:
    """The same for two usernames that PostgreSQL's `lower` does not tell apart."""
    # One character for one, as PostgreSQL does: Python's lower() looks at a sigma's neighbours, and dots the dotted I.
    return "".join(character.lower()[0] for character in username)


def password(cell: str) -> str:
    """The password with its blanks, but not with what nobody sees, since nobody types it: a character copied along."""
    return visible(without_edges(cell, lambda place: is_hidden(cell[place])))


def name(cell: str) -> str:
    """A first or a last name, with one blank for any white space."""
    return _at_most(NAME_LENGTH, visible(words(cell), joiners=True))


def full_name(cell: str) -> str:
    """A whole name, with one blank for any white space."""
    return _at_most(FULL_NAME_LENGTH, visible(words(cell), joiners=True))


def username(cell: str) -> str:
    """The username as Django's forms normalize it, so that its owner can sign in; empty if there is none."""
    text = _at_most(USERNAME_LENGTH, normalize("NFKC", visible(trimmed(cell))))
    if text and not re.match(USERNAME, text):
        raise CellError("invalid_username", "has characters that a username cannot have")
    return text


def email(cell: str) -> str:
    """The address with its domain in lower case, as Django's `normalize_email` has it; empty if there is none."""
    local_part, at, domain = visible(trimmed(cell)).rpartition("@")
    text = _at_most(EMAIL_LENGTH, local_part + at + domain.lower())
    if text and not re.fullmatch(_EMAIL, text):
        raise CellError("invalid_email", "is not an e-mail address")
    return text


def _at_most(length: int, text: str) -> str:
    if len(text) > length:
        raise CellError("too_long", f"has more than {length} characters")
    return text
