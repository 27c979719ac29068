"""The files in the posters folder: found without holding all their names, deleted without ever leaving the folder."""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby, islice
from pathlib import Path
from typing import TypeAlias

from backend.collection.kernel.poster_names import POSTERS, SUFFIXES
from backend.collection.kernel.posters import Found, LookedAt, PosterFile, Unreadable
from upkeep.operations.plans import Change

PAGE = 10_000
"""Files: some tenths of a second's work."""
MAX_DEPTH = 100
"""Each open sub-folder holds two file descriptors."""

Wanted: TypeAlias = "Callable[[os.DirEntry[str]], bool]"
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Every folder is opened by its name within the one before, so that no symbolic link on the way is followed."""


class PosterFolderError(Exception):
    """The posters folder cannot be read."""


class PosterFolder:
    """The posters in a media folder."""

    def __init__(self, media: Path) -> None:
        self._path = media / POSTERS

    def pages(self, _after: object) -> Iterator[tuple[list[Found], None]]:
        """The images in the folder and below, and the folders that cannot be read. There is no order, thus no cursor.

        A missing folder holds nothing. Raises PosterFolderError when it cannot be read at all.
        """
        with self._opened() as root:
            found = iter(()) if root is None else _walk(root, POSTERS, depth=1)
            while page := list(islice(found, PAGE)):
                yield page, None

    def links(self) -> set[str]:
        """Paths that may lead elsewhere: symbolic links, and folders that cannot be read."""
        with self._opened() as root:
            found = iter(()) if root is None else _walk(root, POSTERS, depth=1, wanted=os.DirEntry.is_symlink)
            return {item.path if isinstance(item, Unreadable) else item for item in found}

    def looked_at(self, found: Iterable[Found], *, used: Container[str]) -> list[LookedAt]:
        """The things found, with the size and the age of the files that are not `used`."""
        with self._opened() as root:
            return [_looked_at(item, root) if isinstance(item, str) and item not in used else item for item in found]

    def delete(self, changes: Sequence[Change]) -> None:
        """Delete the files of the payloads; what is gone already is fine.

        Raises OSError for the first that cannot be deleted; calling again deletes the others.
        """
        files: Iterator[PosterFile] = (change.payload for change in changes)
        with self._opened() as root:
            for folder, group in groupby(files, key=lambda file: file.path.rpartition("/")[0]):
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
                with suppress(FileNotFoundError):
                    os.unlink(file.path.rpartition("/")[2], dir_fd=folder)

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


def _is_poster(entry: "os.DirEntry[str]") -> bool:
    return entry.name.lower().endswith(SUFFIXES) and entry.is_file(follow_symlinks=False)


def _walk(folder: int, path: str, *, depth: int, wanted: Wanted = _is_poster) -> Iterator[Found]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if wanted(entry):
                yield f"{path}/{entry.name}"
            elif entry.is_dir(follow_symlinks=False):
                yield from _walk_below(folder, entry.name, f"{path}/{entry.name}", depth=depth + 1, wanted=wanted)


def _walk_below(parent: int, name: str, path: str, *, depth: int, wanted: Wanted) -> Iterator[Found]:
    if depth > MAX_DEPTH:
        yield Unreadable(path, "too_deep")
        return
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(_folder(name, parent))
        except FileNotFoundError:
            return  # it has gone since its parent was read
        except OSError as error:
            yield _unreadable(path, error)
        else:
            yield from _walk(folder, path, depth=depth, wanted=wanted)


def _looked_at(path: str, root: int | None) -> LookedAt:
    if root is None:
        return path
    try:
        status = os.stat(path[len(POSTERS) + 1 :], dir_fd=root, follow_symlinks=False)
    except FileNotFoundError:
        return path  # somebody was quicker: nothing is left to do
    except OSError as error:
        return _unreadable(path, error)
    return PosterFile(path, status.st_size, status.st_mtime, (status.st_dev, status.st_ino))


def _unreadable(path: str, error: OSError) -> Unreadable:
    return Unreadable(path, "permission_denied" if isinstance(error, PermissionError) else "unreadable")
