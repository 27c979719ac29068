"""The tokens of RE2's syntax, https://github.com/google/re2/wiki/Syntax.

Every text has tokens; those of a pattern that RE2 compiles are the ones that RE2 sees.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

ESCAPE = r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[^}]*\}|..)|[0-7]{1,3}|.)"
TOKEN = re.compile(
    r"\\Q(?P<quoted>.*?)(?:\\E|\Z)"
    rf"|(?P<escape>{ESCAPE})"
    r"|(?P<set>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])"
    r"|(?P<group>\((?:\?(?:P?<(?P<name>[^>=!]*)>|(?P<flags>[imsU-]*)[:)]))?)"
    r"|(?P<repetition>[*+?]\??|\{\d+(?:,\d*)?\}\??)"
    r"|(?P<sign>[|)^$.])"
    r"|(?P<literal>.)",
    re.DOTALL,
)
ITEM = re.compile(rf"\[:\^?\w+:\]|{ESCAPE}|.", re.DOTALL)
"""What stands in a set; the first one of `[…]` is its bracket, and so is the last one."""


class Kind(StrEnum):
    """What a token is."""

    ESCAPE = "escape"
    SET = "set"
    GROUP = "group"
    """What opens one, and what switches flags."""
    REPETITION = "repetition"
    SIGN = "sign"
    LITERAL = "literal"


class Token(NamedTuple):
    """A piece of a pattern."""

    kind: Kind
    text: str
    """As it is written; a literal that was quoted by `\\Q…\\E` is escaped."""
    flags: str
    """Those of `imsU` that are switched on where it stands."""
    name: str = ""
    """Of a group."""
    at: int = 0
    """Its place in the pattern."""


def tokens(pattern: str) -> Iterator[Token]:
    """The tokens of a pattern, in their order."""
    flags, outer = "", list[str]()
    for found in TOKEN.finditer(pattern):
        if found["quoted"] is not None:
            for character in found["quoted"]:
                yield Token(Kind.LITERAL, re.escape(character), flags, at=found.start())
            continue
        kind = next(kind for kind in Kind if found[kind] is not None)
        if kind is Kind.GROUP:
            if not (found["flags"] is not None and found[0].endswith(")")):
                outer.append(flags)
            flags = _switched(flags, found["flags"] or "")
        elif found[0] == ")" and outer:
            flags = outer.pop()
        yield Token(kind, found[0], flags, found["name"] or "", found.start())


def _switched(flags: str, switches: str) -> str:
    on, _, off = switches.partition("-")
    return "".join(sorted({*flags, *on} - {*off}))
