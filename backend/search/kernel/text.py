"""Texts as they are embedded: words, without codes, numbers, markup, addresses and symbols.

These mean nothing to a model of sentences, and move a short title away from what it says; they are found by their
letters instead. docs/decisions.md has what it brings.
"""

import re
import unicodedata
from html import unescape

CLEANING = "2"
"""The version of these rules; a part of every content's hash, so that other rules embed everything anew."""
MAX_CHARACTERS = 8_000
"""Of a description that are looked at, markup included: several times what any embedder has tokens for."""

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>")
LINK = re.compile(r"!?\[([^\]\n]*)\]\([^()\s]*\)")
"""Markdown's: its text stays."""
ADDRESS = re.compile(r"\b(?:https?|ftp|file|mailto):\S+|\bwww\.\S+", re.IGNORECASE)
KEYCAP = re.compile("[0-9#*]\N{VARIATION SELECTOR-16}?\N{COMBINING ENCLOSING KEYCAP}")
"""An emoji that is made of a digit."""
BLANK = {"Cc", "Zl", "Zp", "Zs", "So", "Sm", "Sc", "Co", "Cn", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"}
"""Categories of characters that separate words."""
NOTHING = {"Cf", "Cs", "Me", "Sk"}
"""Categories of characters that are none."""
APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
WITH_DIGIT = re.compile(r"\w*\d\w*")
VARIATION = range(0xFE00, 0xFE10)
"""How the emoji before it is drawn."""


def cleaned(title: str, description: str = "") -> str:
    """One line of what both say, to be embedded; empty when there is neither a letter nor a digit in them.

    A query is cleaned as a title is.
    """
    parts = (_line(title).rstrip("."), _line(description[:MAX_CHARACTERS]))
    return ". ".join(filter(None, parts))


def _line(text: str) -> str:
    for pattern, replacement in ((COMMENT, " "), (KEYCAP, " "), (TAG, " "), (LINK, r" \1 "), (ADDRESS, " ")):
        text = pattern.sub(replacement, text)
    line = " ".join("".join(map(_kept, unicodedata.normalize("NFKC", unescape(text)))).split())
    words = " ".join(WITH_DIGIT.sub(" ", line).split())
    return next(filter(_is_said, (words, line)), "")  # a title that is a number alone stays


def _is_said(line: str) -> bool:
    return any(map(str.isalnum, line))


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category in BLANK and character not in APOSTROPHES:
        return " "
    return "" if category in NOTHING or ord(character) in VARIATION else character
