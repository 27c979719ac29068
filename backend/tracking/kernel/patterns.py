"""Patterns that people write, matched at the start of a text in time that grows with the text alone.

Their syntax is RE2's: https://github.com/google/re2/wiki/Syntax
"""

import re2

TASK_CODE = "task_code"
"""The group whose text is the code of a task."""
MOST_REMEMBERED = 1_000


class PatternError(ValueError):
    """Not a pattern of RE2; the message says why."""


class Pattern:
    """One pattern. Texts go to RE2 as bytes: for a str its wrapper would count characters, which takes longer."""

    def __init__(self, pattern: str) -> None:
        """Raises PatternError."""
        options = re2.Options()
        options.log_errors = False  # else RE2 writes to standard error by itself
        try:
            compiled = re2.compile(pattern, options)
        except re2.error as error:
            told = error.args[0] if error.args else "it does not compile"
            raise PatternError(told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)) from None
        self._match = re2.compile(_shortened(pattern), options).match
        self._code: int | None = compiled.groupindex.get(TASK_CODE)

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
            if len(self._remembered) >= MOST_REMEMBERED:
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
