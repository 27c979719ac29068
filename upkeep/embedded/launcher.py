"""Starts a server that outlives whoever asked for it.

Run as `python -I -S launcher.py LIFE FOLDER PROGRAM ARGUMENT…`: a script of its own, because the lock on LIFE must be
taken in a process that becomes the server. Taken in the asking process, any child forked there meanwhile would keep it.
"""

import fcntl
import os
import sys
import time
from typing import NoReturn

BUSY = 75
"""Exit code: another server holds LIFE."""


def main(life: str, folder: str, *command: str) -> NoReturn:
    """Run `command` in `folder`, detached, holding a lock on `life` that it and its children keep while they live."""
    os.umask(0o077)
    os.chdir(folder)
    descriptor = os.open(life, os.O_RDWR | os.O_CREAT, 0o600)
    if not _locked(descriptor):
        sys.exit(BUSY)
    if pid := os.fork():
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(pid).encode(), 0)
        sys.exit()
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - positional by its signature
    os.execvp(command[0], command)  # noqa: S606 - no shell wanted


def _locked(descriptor: int) -> bool:
    """Retried: whoever looks whether the lock is held takes it for an instant."""
    for _ in range(100):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
