r"""Letters, digits and blanks of all scripts, for RE2, whose `\w`, `\b`, `\d` and `\s` know those of ASCII alone.

Digits and blanks are written out as sets. A boundary of words cannot be: RE2 compares the bytes on its two sides with
those of ASCII's letters. So a text that is not ASCII is given to RE2 with marks: each of its letters, digits and
underscores between two underscores, everything else beyond ASCII between two NULs, which no text has. RE2's own
`\b` is right there, and so are `^` and `$`. Whatever consumes a character in the pattern consumes it with its marks.
"""

import re
from functools import lru_cache
from unicodedata import category

from backend.tracking.kernel.patterns.engine import compile_program
from backend.tracking.kernel.patterns.syntax import ITEM, Kind, Token, tokens

WORD, OTHER = "_", "\0"
"""The marks round a character beyond ASCII. An underscore is marked, too, or it could be taken for a mark."""
UNITS = re.compile(f"[{WORD}{OTHER}](.)[{WORD}{OTHER}]", re.DOTALL)
MAX_REMEMBERED = 20_000

SPACES = r"\t-\r\x{85}\x{2028}\x{2029}\p{Zs}"
NO_SPACES = (
    r"\x00-\x08\x0e-\x1f!-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"
    r"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}"
)
"""Both by Unicode's White_Space: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt

Neither ends with a character, which a `-` after it would make the start of a range.
"""
WRITTEN_OUT = {r"\s": SPACES, r"\S": NO_SPACES, r"\d": r"\p{Nd}", r"\D": r"\P{Nd}"}
PERL_SETS = frozenset({*WRITTEN_OUT, r"\w", r"\W"})
OF_WORDS = frozenset({r"\b", r"\B", r"\w", r"\W"})
NO_MARKED = "[:digit:]"
"""A set within a set, with no character that is ever marked."""
ANY, NONE = "(?s:.)", ""
NEVER = r"[^\x00-\x{10ffff}]"
r"""Of a set that has no character, such as `[^\w\W]`: an empty group would match without one."""
ASCII = "".join(map(chr, range(1, 128))).replace(WORD, "")
ANCHORS = frozenset({r"\b", r"\B", r"\A", r"\z", "^", "$"})
LITERALS = frozenset(ASCII) - frozenset(".ksKS")
"""They match nothing beyond ASCII. Without regard to case, k matches the sign of kelvins, too, and s the long one."""


def written_out(pattern: str) -> str:
    """The pattern with the digits and blanks of all scripts; for ASCII, it knows words."""
    return "".join(_as_set(token) for token in tokens(pattern))


def knows_words(pattern: str) -> bool:
    r"""Whether it has `\b`, `\w` or their opposites, and so wants marks in texts beyond ASCII."""
    return any(
        not OF_WORDS.isdisjoint(ITEM.findall(token.text))
        for token in tokens(pattern)
        if token.kind in (Kind.ESCAPE, Kind.SET)
    )


def marked(pattern: str) -> str:
    """The pattern, for texts with marks."""
    return "".join(
        _unit(_as_set(token), token.flags)
        if token.kind in (Kind.ESCAPE, Kind.SET, Kind.LITERAL) or token.text == "."
        else token.text
        for token in tokens(pattern)
    )


def with_marks(text: str) -> str:
    """The text as a marked pattern reads it."""
    return text.translate(_MARKED)


def without_marks(text: str) -> str:
    """The text, or a part of it that begins and ends between two characters, as it was."""
    return UNITS.sub(r"\1", text)


def _as_set(token: Token) -> str:
    text = f"[{token.text}]" if token.text in PERL_SETS else token.text
    if not text.startswith("["):
        return text
    return ITEM.sub(lambda item: WRITTEN_OUT.get(item[0], item[0]), text)


@lru_cache(1_000)
def _unit(atom: str, flags: str) -> str:
    """What consumes one character, with the marks that it has in a text."""
    if atom in ANCHORS or atom in LITERALS:
        return atom
    word, other = _beyond_ascii(atom, r"\w", r"\W"), _beyond_ascii(atom, r"\W", r"\w")
    sides = [(f"[{WORD}{OTHER}]", word)] if word == other else [(WORD, word), (OTHER, other)]
    units = [f"{mark}{character}{mark}" for mark, character in sides if character]
    return f"(?:{'|'.join([*units, *_of_ascii(atom, flags)]) or NEVER})"


def _beyond_ascii(atom: str, all_of_them: str, none_of_them: str) -> str:
    """What matches the same characters of one kind, letters or others, beyond ASCII."""
    if not atom.startswith("["):
        return atom
    if all_of_them in ITEM.findall(atom):
        return NONE if atom.startswith("[^") else ANY
    return ITEM.sub(lambda item: NO_MARKED if item[0] == none_of_them else item[0], atom)


def _of_ascii(atom: str, flags: str) -> list[str]:
    """What matches the same characters of ASCII without the underscore, whatever the flags."""
    found = set(compile_program(f"(?{flags}:{atom})").regexp.findall(ASCII))
    others = set(ASCII) - found
    characters, negated = (others | {WORD, OTHER}, "^") if len(found) > len(others) else (found, "")
    inside = "".join(f"\\x{ord(character):02x}" for character in sorted(characters))
    return [f"(?-i:[{negated}{inside}])"] if found else []


class _Marks(dict[int, str]):
    """From the number of a character to it with its marks."""

    def __missing__(self, number: int) -> str:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        character = chr(number)
        mark = ""
        if not character.isascii() or character == WORD:
            mark = WORD if character == WORD or category(character)[0] in "LMN" else OTHER
        self[number] = f"{mark}{character}{mark}"
        return self[number]


_MARKED = _Marks()
