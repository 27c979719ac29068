"""A worker that stops hands its runs over: one byte that the pool's children share with their parent tells them to."""

import mmap

_stopping = mmap.mmap(-1, 1)
"""Anonymous and shared, so it must exist before the pool forks."""


def request() -> None:
    """Let every run of this worker go back to the queue after its batch."""
    _stopping[0] = 1


def requested() -> bool:
    """Whether the worker is stopping."""
    return _stopping[0] == 1
