"""Which files of the posters folder are deleted."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from upkeep.operations.plans import Change


class PosterFile(NamedTuple):
    """An image in the posters folder that no DVD uses."""

    path: str
    """As a DVD would name its poster, relative to the media folder: `posters/1979/alien.jpg`."""
    size: int
    """Bytes."""
    modified_at: float
    """Seconds since 1970."""
    identity: tuple[int, int]
    """Its device and its number there: whatever leads to the file, this is the same."""


class Resembling(NamedTuple):
    """An image in the posters folder that no DVD uses by this name, but perhaps by another spelling of it."""

    path: str
    """Relative to the media folder."""


class Unreadable(NamedTuple):
    """A file or a folder, in the posters folder, that could not be looked at."""

    path: str
    """Relative to the media folder."""
    reason: str


Found = str | Unreadable
"""The path of an image, or what is in its place."""
LookedAt = str | PosterFile | Resembling | Unreadable
"""A path alone is that of a file in use, at which nobody has to look."""


def freed(change: Change) -> Mapping[str, int]:
    """What a change frees, once it is carried out."""
    return {"files": 1, "bytes": change.payload.size} if change.action == "deleted" else {}


def plan(found: Iterable[LookedAt], *, modified_before: float) -> list[Change]:
    """One change for each thing found: a file goes if no DVD uses it and it was last modified before then."""
    return [
        Change("unchanged", item, item) if isinstance(item, str) else _change(item, modified_before) for item in found
    ]


def _change(item: PosterFile | Resembling | Unreadable, modified_before: float) -> Change:
    path = item.path if item.path.isascii() else printable(item.path)
    if isinstance(item, Unreadable):
        return Change("failed", path, path, reason=item.reason)
    if isinstance(item, Resembling):
        return Change("skipped", path, path, reason="resembles_used")
    if item.modified_at >= modified_before:
        return Change("skipped", path, path, reason="too_young")
    return Change("deleted", path, path, {"bytes": (item.size, None)}, payload=item)


def printable(path: str) -> str:
    r"""The path as text that can be stored: bytes of a file's name that are no UTF-8 are written as `\udcff`."""
    return path.encode(errors="backslashreplace").decode()
