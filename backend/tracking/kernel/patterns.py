"""Patterns that people write, matched at the start of a text in time that grows with the text alone.

Their syntax is RE2's: https://github.com/google/re2/wiki/Syntax
"""

import re
from typing import Any

import re2

TASK_CODE = "task_code"
"""The group whose text is the code of a task."""
LONGEST = 2_000
MAX_REMEMBERED = 1_000
ESCAPED = re.compile(r"\\[^1-9]", re.DOTALL)
LOOKAROUND = re.compile(r"\(\?<?[=!]")
BACKREFERENCE = re.compile(r"\\[1-9]|\(\?P=")
PARTS = re.compile(
    r"\\Q.*?(?:\\E|\Z)"
    r"|(?P<byte>\\C)|\\."
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]"
    r"|\(\?P?<(?P<group>[^>]+)>",
    re.DOTALL,
)
"""Of a pattern that compiles: what is quoted, escaped, a class of characters, and a named group."""


class PatternError(ValueError):
    """Not a pattern of RE2; the message says why, without the pattern."""


def groups(pattern: str) -> frozenset[str]:
    """The names of a pattern's groups. Raises PatternError."""
    return frozenset(_compiled(pattern).groupindex)


class Pattern:
    """One pattern. Texts go to RE2 as bytes: for a str its wrapper would count characters, which takes longer."""

    def __init__(self, pattern: str) -> None:
        """Raises PatternError."""
        self._code: int | None = _compiled(pattern).groupindex.get(TASK_CODE)
        self._match = _compiled(_shortened(pattern)).match

    @property
    def tells_code(self) -> bool:
        """Whether it has the group of the task's code."""
        return self._code is not None

    def found(self, text: str) -> str | None:
        """The text of the code's group, empty when there is none; None when the pattern does not match."""
        match = self._match(text.encode())
        if match is None:
            return None
        code: bytes | None = match[self._code] if self._code else None  # `group` takes twice as long
        return code.decode() if code else ""


class RememberingPattern(Pattern):
    """For texts that come again and again."""

    def __init__(self, pattern: str) -> None:
        """Raises PatternError."""
        super().__init__(pattern)
        self._remembered: dict[str, str | None] = {}

    def found(self, text: str) -> str | None:
        """See `Pattern.found`."""
        if text not in self._remembered:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[text] = super().found(text)
        return self._remembered[text]


def _shortened(pattern: str) -> str:
    """The pattern without the `.*` at its end: that matches whatever is there, and RE2 need not read it.

    Only where the end is what it looks like: neither escaped nor quoted.
    """
    short = pattern.removesuffix(".*")
    escaping = len(short) - len(short.rstrip("\\"))
    return short if escaping % 2 == 0 and r"\Q" not in pattern else pattern


def _compiled(pattern: str) -> Any:
    if len(pattern) > LONGEST:
        raise PatternError(f"a pattern has at most {LONGEST:,} characters")
    options = re2.Options()
    options.log_errors = False  # else RE2 writes to standard error by itself
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise PatternError(_reason(pattern, error)) from None
    _check(pattern)
    return compiled


def _check(pattern: str) -> None:
    """Refuse what RE2 takes, and what cannot be meant."""
    seen: set[str] = set()
    for part in PARTS.finditer(pattern):
        if part["byte"]:
            raise PatternError(r"\C is a byte, and half a character at times: write (?s:.) for any character")
        if (name := part["group"]) in seen:
            raise PatternError(
                f"the group {name} is there twice: put one group round the alternatives, (?P<{name}>a|b)"
            )
        if name:
            seen.add(name)


def _reason(pattern: str, error: Exception) -> str:
    plain = ESCAPED.sub("", pattern)
    if LOOKAROUND.search(plain):
        return "patterns are RE2's, which has no lookaround, such as (?=…) and (?!…)"
    if BACKREFERENCE.search(plain):
        return r"patterns are RE2's, which has no backreference, such as \1 and (?P=name)"
    message = error.args[0] if error.args else "it does not compile"
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)  # it quotes a part of the pattern
