"""stdin, stdout and stderr, whatever they are connected to: what cannot be written must not touch what is done.

This imports nothing but the standard library, so that `manage.py` can call it before anything else.
"""

import errno
import os
import select
import sys
from contextlib import suppress
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any

STANDARD = ("stdin", "stdout", "stderr")
"""By their descriptors."""


def open_missing() -> None:
    """Connect those of the three that are closed (`>&-`) with /dev/null.

    Otherwise the next file or socket gets the descriptor, and what is printed: the database's connection, for example.
    """
    for descriptor, name in enumerate(STANDARD):
        closed = _is_closed(descriptor)
        if closed:
            _connect_with_nothing(descriptor)
        if getattr(sys, name) is None:
            # A descriptor that was closed when Python started, and is open now, is somebody else's.
            file, mode = (descriptor if closed else os.devnull), ("w" if descriptor else "r")
            stream = open(file, mode, encoding="utf-8", closefd=not closed)  # noqa: SIM115 - as long as the process
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def secure() -> None:
    """From now on nothing that is written to this process's stdout and stderr raises.

    Once a stream cannot be written, because its reader has left, its disk is full or its terminal is gone, the rest
    goes to /dev/null. A pipe that does not block is waited for.
    """
    open_missing()
    for descriptor, name in enumerate(STANDARD[1:], 1):
        stream = getattr(sys, name)
        if not isinstance(stream, TextIOWrapper) or isinstance(_raw(stream), LossyFile):
            continue
        with suppress(OSError, ValueError):
            if stream.fileno() == descriptor:
                setattr(sys, name, _secured(stream))


def settle() -> None:
    """Write what is still buffered. What was lost is said on stderr, unless its reader just left."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    lost = getattr(_raw(sys.stdout), "lost", None)
    if lost and lost.errno != errno.EPIPE:
        sys.stderr.write(f"stdout cannot be written ({lost.strerror}): some of the output is lost\n")
        sys.stderr.flush()


def is_terminal(stream: Any) -> bool:
    """Whether somebody may sit there; also of a stream that is closed, or None."""
    try:
        return bool(stream.isatty())
    except (AttributeError, OSError, ValueError):
        return False


def answer() -> str:
    """The next line of stdin, without blanks around it; empty when there is none, or no text."""
    try:
        return sys.stdin.readline().strip()
    except (AttributeError, OSError, ValueError):
        return ""


class LossyFile(FileIO):
    """A descriptor to which everything can be written."""

    lost: OSError | None = None
    """Why it could not, the first time."""

    def write(self, data: Any, /) -> int:
        """Write all of it, or lose the rest."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            try:
                written = super().write(left)
            except OSError as error:
                self.lost = self.lost or error
                _connect_with_nothing(self.fileno())
                break
            if written is None:
                select.select([], [self.fileno()], [])
            else:
                left = left[written:]
        return size


class Unfailing:
    """A caller's own text stream, without its errors."""

    def __init__(self, stream: Any) -> None:
        self._stream: Any = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write the text, if that is possible."""
        with suppress(Exception):  # whatever the caller's stream raises
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered, if that is possible."""
        with suppress(Exception):  # as above
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return is_terminal(self._stream)


def _secured(stream: TextIOWrapper) -> TextIOWrapper:
    with suppress(OSError):
        stream.flush()
    raw = LossyFile(stream.fileno(), "w", closefd=False)
    lines = stream.line_buffering or stream.write_through
    return TextIOWrapper(
        BufferedWriter(raw), encoding=stream.encoding, errors="backslashreplace", line_buffering=lines
    )  # fmt: skip


def _raw(stream: Any) -> Any:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _is_closed(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return True
    return False


def _connect_with_nothing(descriptor: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing == descriptor:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - its signature
    else:
        os.dup2(nothing, descriptor)
        os.close(nothing)
