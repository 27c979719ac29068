"""Patterns in the syntax of RE2, which needs linear time whatever the text is.

Source: https://github.com/google/re2/wiki/Syntax
"""

import re

import re2

from backend.tracking.kernel.configuration.problems import shown

TASK_CODE = "task_code"
"""The group that holds the code of a task."""
LONGEST = 2_000
ESCAPED = re.compile(r"\\[^1-9]", re.DOTALL)
LOOKAROUND = re.compile(r"\(\?<?[=!]")
BACKREFERENCE = re.compile(r"\\[1-9]|\(\?P=")


class PatternError(ValueError):
    """Not a pattern of RE2; the message says why."""


def groups(pattern: str) -> frozenset[str]:
    """The names of a pattern's groups. Raises PatternError."""
    if len(pattern) > LONGEST:
        raise PatternError(f"is longer than {LONGEST:,} characters")
    options = re2.Options()
    options.log_errors = False  # else RE2 writes to stderr by itself
    try:
        return frozenset(re2.compile(pattern, options).groupindex)
    except re2.error as error:
        raise PatternError(f"{shown(pattern)} is no pattern: {_reason(pattern, error)}") from None


def _reason(pattern: str, error: Exception) -> str:
    plain = ESCAPED.sub("", pattern)
    if LOOKAROUND.search(plain):
        return "patterns are RE2's, which has no lookaround, such as (?=…) and (?!…)"
    if BACKREFERENCE.search(plain):
        return r"patterns are RE2's, which has no backreference, such as \1 and (?P=name)"
    told = error.args[0] if error.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
