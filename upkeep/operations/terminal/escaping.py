"""Texts of others, as a terminal may be sent them: what it would obey, or show out of order, is spelt out."""

import json
import logging
import re
from collections.abc import Callable
from copy import copy
from types import TracebackType
from typing import Any

from django.core.management.base import OutputWrapper

UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def plain(text: str) -> str:
    """The text in one line; control, bidirectional and line-separating characters and other unseen ones are escaped."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def plain_lines(text: str) -> str:
    """The text with its line feeds; everything else as in `plain`."""
    return text if text.isprintable() else "\n".join(map(plain, text.split("\n")))


def plain_json(value: Any) -> str:
    """The value as JSON with two blanks a level, in which letters stand as they are and the rest is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda sign: _as_json(sign[0]), text)


def _as_json(sign: str) -> str:
    return sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1]


class PlainOutput(OutputWrapper):
    """A command's stdout or stderr: nothing that is written to it reaches a terminal unescaped."""

    def write(  # type: ignore[override]  # as Django's own, which is not a file's either
        self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None
    ) -> None:
        """Write the message, which may have several lines."""
        super().write(plain_lines(msg), style_func, ending)


class PlainFormatter(logging.Formatter):
    """Formats log records whose messages, each in one line, and tracebacks may hold texts of others."""

    def __init__(self, format: str | None = None, inner: logging.Formatter | None = None) -> None:  # noqa: A002 - the name that a logging configuration has for it
        """Formats by `format`, or as `inner` does."""
        super().__init__()
        self._inner = inner or logging.Formatter(format)

    def format(self, record: logging.LogRecord) -> str:
        """The record's text."""
        shown = copy(record)  # other handlers get it as it is
        shown.msg, shown.args = plain(record.getMessage()), None
        if record.exc_info:
            shown.exc_text = self.formatException(record.exc_info)
        return self._inner.format(shown)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - logging's name
        """The traceback's text."""
        return plain_lines(super().formatException(ei))


def connect(wrapper: OutputWrapper, stream: Any) -> None:
    """Let a command's wrapper write to the stream, and only what is plain. Another one would lose its style."""
    wrapper.__class__ = PlainOutput
    wrapper._out = stream  # type: ignore[attr-defined]  # noqa: SLF001 - Django has no other way
