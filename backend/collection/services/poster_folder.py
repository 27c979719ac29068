"""The files in the posters folder: found without holding all their names, deleted without ever leaving the folder."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path

from backend.collection.kernel.posters import Found, Freed, PosterFile, Unreadable
from backend.operations.plans import Change

POSTERS = "posters"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
PAGE = 2_000
MAX_DEPTH = 100
"""Each open sub-folder holds two file descriptors."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Every folder is opened by its name within the one before, so that no symbolic link on the way is followed."""


class PosterFolderError(Exception):
    """The posters folder cannot be read."""


class PosterFolder:
    """The posters in a media folder, and what was freed there."""

    def __init__(self, media: Path) -> None:
        self._path = media / POSTERS
        self._files = 0
        self._bytes = 0

    @property
    def freed(self) -> Freed:
        """What `delete` has deleted so far."""
        return Freed(self._files, self._bytes)

    def pages(self, _after: object) -> Iterator[tuple[list[Found], None]]:
        """The images in the folder and below, and what could not be looked at. A folder has no order, thus no cursor.

        A missing folder holds nothing. Raises PosterFolderError when it cannot be read at all.
        """
        with self._opened() as root:
            found = iter(()) if root is None else _walk(root, POSTERS, depth=1)
            while page := list(islice(found, PAGE)):
                yield page, None

    def delete(self, changes: Sequence[Change]) -> None:
        """Delete the files of the payloads; what is gone already is fine.

        Raises OSError for the first that cannot be deleted; calling again deletes the others.
        """
        files: Iterator[PosterFile] = (change.payload for change in changes)
        with self._opened() as root:
            for folder, group in groupby(files, key=attrgetter("folder")):
                if root is not None:
                    self._delete_from(root, folder.split("/")[1:], group)

    def _delete_from(self, root: int, names: Sequence[str], files: Iterator[PosterFile]) -> None:
        with ExitStack() as stack:
            folder = root
            for name in names:
                try:
                    folder = stack.enter_context(_folder(name, folder))
                except FileNotFoundError:
                    return
            for file in files:
                self._unlink(file, folder)

    def _unlink(self, file: PosterFile, folder: int) -> None:
        try:
            os.unlink(file.name, dir_fd=folder)
        except FileNotFoundError:
            return
        self._files += 1
        self._bytes += file.size

    @contextmanager
    def _opened(self) -> Iterator[int | None]:
        with ExitStack() as stack:
            try:
                root = stack.enter_context(_folder(str(self._path)))
            except FileNotFoundError:
                root = None
            except OSError as error:
                problem = "a symbolic link is not followed" if self._path.is_symlink() else error.strerror
                raise PosterFolderError(f"The posters folder {self._path} cannot be read: {problem}") from error
            yield root


@contextmanager
def _folder(name: str, parent: int | None = None) -> Iterator[int]:
    descriptor = os.open(name, FOLDER, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _walk(folder: int, path: str, *, depth: int) -> Iterator[Found]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.lower().endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError as error:
                    yield from _unreadable(error, f"{path}/{entry.name}")
                else:
                    yield PosterFile(path, entry.name, status.st_size, status.st_mtime)
            elif entry.is_dir(follow_symlinks=False):
                yield from _walk_below(folder, entry.name, f"{path}/{entry.name}", depth=depth + 1)


def _walk_below(parent: int, name: str, path: str, *, depth: int) -> Iterator[Found]:
    if depth > MAX_DEPTH:
        yield Unreadable(path, "too_deep")
        return
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(_folder(name, parent))
        except OSError as error:
            yield from _unreadable(error, path)
        else:
            yield from _walk(folder, path, depth=depth)


def _unreadable(error: OSError, path: str) -> Iterator[Unreadable]:
    if not isinstance(error, FileNotFoundError):  # that one has gone since its folder was read
        yield Unreadable(path, "permission_denied" if isinstance(error, PermissionError) else "unreadable")
