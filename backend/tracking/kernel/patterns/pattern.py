"""A pattern, matched at the start of a text in time that grows with the text alone."""

from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import normalize

import re2

from backend.tracking.kernel.patterns import letters, refusals
from backend.tracking.kernel.patterns.engine import MAX_MEMORY, Program, compile_program

TASK_CODE = "task_code"
"""The group whose text is the code of a task."""
LONGEST = 2_000
MAX_REMEMBERED = 1_000
MAX_TOTAL_MEMORY = 32 * MAX_MEMORY
"""Bytes that all patterns of an organization may take."""


class PatternError(ValueError):
    """A pattern that is refused; the message says why and what to write, and before its colon quotes nothing of it."""


class PatternFacts(NamedTuple):
    """What is known of a pattern without keeping it compiled."""

    has_code: bool
    """Whether it has the group of the task's code."""
    memory: int
    """Bytes that it takes at most while it matches."""


@lru_cache(1_000)
def facts(pattern: str) -> PatternFacts:
    """What there is to know of a pattern. Raises PatternError."""
    compiled = Pattern(pattern)
    return PatternFacts(compiled.has_code, compiled.memory)


class Pattern:
    """One pattern. Texts go to RE2 as bytes: for a str its wrapper would count characters, which takes longer."""

    def __init__(self, pattern: str) -> None:
        """Raises PatternError."""
        pattern = normalize("NFC", pattern)
        self._code: int | None = _checked(pattern).groupindex.get(TASK_CODE)
        short = _shortened(pattern)
        knows_words = letters.knows_words(short)
        room = MAX_MEMORY // 2 if knows_words else MAX_MEMORY
        plain = _program(letters.written_out(short), room)
        marked = _program(letters.marked(short), room) if knows_words else None
        self.memory = plain.memory + (marked.memory if marked else 0)
        """Bytes that it takes at most while it matches: MAX_MEMORY is the most."""
        self._match = plain.regexp.match
        self._match_marked = marked.regexp.match if marked else None

    @property
    def has_code(self) -> bool:
        """Whether it has the group of the task's code."""
        return self._code is not None

    def found(self, text: str) -> str | None:
        """The text of the code's group, empty when there is none; None when the pattern does not match."""
        if not text.isascii():
            text = normalize("NFC", text)
            if self._match_marked is not None:
                return self._found_with_marks(text)
        match = self._match(text.encode())
        if match is None:
            return None
        code: bytes | None = match[self._code] if self._code else None  # `group` takes twice as long
        return code.decode() if code else ""

    def _found_with_marks(self, text: str) -> str | None:
        assert self._match_marked is not None  # noqa: S101 - the caller looked
        match = self._match_marked(letters.with_marks(text).encode())
        if match is None:
            return None
        code: bytes | None = match[self._code] if self._code else None
        return letters.without_marks(code.decode()) if code else ""


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


def _checked(pattern: str) -> Any:
    """The pattern as it is written, compiled: RE2 says what is wrong with that better than with what is made of it."""
    if len(pattern) > LONGEST:
        raise PatternError(f"a pattern has at most {LONGEST:,} characters")
    compiled = _program(pattern).regexp
    if message := refusals.misunderstanding(pattern):
        raise PatternError(message)
    return compiled


def _program(pattern: str, max_memory: int = MAX_MEMORY) -> Program:
    try:
        return compile_program(pattern, max_memory)
    except re2.error as error:
        message = error.args[0] if error.args else "it does not compile"
        problem = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
        raise PatternError(refusals.reason(pattern, problem)) from None
