"""One stack, or one demo, at a time; what a killed one has left running is found and ended."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ops.processes import ROOT
from upkeep.embedded.processes import Server


class HeldError(Exception):
    """The process `pid` holds the lock; 0 when it has not said who it is."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


@contextmanager
def held(lock: Path) -> Iterator[int]:
    """Hold `lock`, with our pid in it, while nobody else does.

    Yields a descriptor for the processes that we start: by it the next holder finds and ends those that outlive us.
    Raises HeldError when somebody else holds the lock.
    """
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeldError(_number(lock)) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        end_leftovers(lock)
        descriptor = os.open(_life(lock), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def end_leftovers(lock: Path) -> bool:
    """End what a holder that is gone has left running; False when there was nothing."""
    life = _life(lock).resolve()
    left = Server(lock.stem, ROOT, life, life)  # all of them work in ROOT, and have `life` open
    if not left.is_alive():
        return False
    left.kill()
    return True


def _life(lock: Path) -> Path:
    return lock.with_suffix(".life")


def _number(lock: Path) -> int:
    with suppress(ValueError):
        return int(lock.read_text(encoding="ascii"))
    return 0
