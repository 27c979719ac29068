import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EPERM, EROFS
from pathlib import Path

from upkeep.embedded.errors import NotPermittedError

LONGEST_SOCKET_FOLDER = 80
"""Bytes: a socket's path has 103 at most (macOS), 107 on Linux, its name included."""


def reason(error: OSError) -> str:
    """What the system says, and what to do about it when that is about rights."""
    advice = ": this user must be able to write there" if error.errno in (EACCES, EPERM, EROFS) else ""
    return f"{error.strerror or error}{advice}"


@contextmanager
def usable(home: Path) -> Iterator[None]:
    """Raise NotPermittedError when a file within cannot be read or written: its owner, its mode, a full disk."""
    try:
        yield
    except OSError as error:
        raise NotPermittedError(f"{error.filename or home} cannot be used: {reason(error)}") from error


def private(folder: Path) -> Path:
    """`folder`, made with mode 0700 when it is missing; refused when anyone but us could enter it."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise NotPermittedError(f"{folder} cannot be made: {reason(error)}") from error
    if not is_private(folder):
        raise NotPermittedError(f"{folder} must be a folder that belongs to uid {os.geteuid()}, with mode 0700")
    return folder


def is_private(folder: Path) -> bool:
    """Whether `folder` is a real folder (no link) of ours that nobody else can enter."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077


def for_sockets(folder: Path) -> Path:
    """`folder` itself, or, when a socket's path there would be too long or hard to quote, a short one under /tmp."""
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and re.fullmatch(r"[\w/ .+-]+", str(folder)):
        return folder
    # Not tempfile.gettempdir(): TMPDIR differs between processes, and all must find the same socket.
    return Path("/tmp") / f"upkeep-{os.geteuid()}-{_digest(folder)}"  # noqa: S108 - private() refuses another's folder


def write(path: Path, text: str) -> None:
    """Put `text` into the file `path`, readable by its owner alone, wholly or not at all."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
