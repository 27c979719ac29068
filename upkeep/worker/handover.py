"""A worker that stops hands its runs over: one byte that the pool's children share with their parent tells them to."""

import mmap

from billiard.process import current_process

_stopping = mmap.mmap(-1, 1)
"""Anonymous and shared, so it must exist before the pool forks."""


def request() -> None:
    """Let every run of this worker go back to the queue after its batch."""
    _stopping[0] = 1


def is_pooled() -> bool:
    """Whether this process is one of a worker's pool, and not the worker itself."""
    return bool(current_process().name != "MainProcess")


def requested() -> bool:
    """Whether the worker is stopping."""
    return _stopping[0] == 1
