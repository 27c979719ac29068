import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upkeep.embedded import folders
from upkeep.embedded.errors import NotPermittedError, ServerFailedError
from upkeep.embedded.polling import attempts

PATIENCE = 180.0
"""Seconds to wait for another process that starts or stops the same server."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """One process (and thread) at a time within, by a lock on the file `path` that dies with its holder."""
    descriptor = _opened(path)
    try:
        _acquire(descriptor, path)
        try:
            yield
        finally:
            # Not only closed: a child forked meanwhile has this descriptor too, and would keep the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a living process holds an exclusive lock on the file `path`. Creates nothing, waits for nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NotPermittedError(f"{path} cannot be opened: {folders.reason(error)}") from error


def _acquire(descriptor: int, path: Path) -> None:
    for _ in attempts(PATIENCE):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
    raise ServerFailedError(f"another process has held {path} for {PATIENCE:.0f} seconds")
