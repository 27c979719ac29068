"""Which files of the posters folder go."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from backend.operations.plans import Change


class PosterFile(NamedTuple):
    """An image in the posters folder."""

    folder: str
    """Relative to the media folder: `posters/1979`."""
    name: str
    size: int
    """Bytes."""
    modified_at: float
    """Seconds since 1970."""

    @property
    def path(self) -> str:
        """As a DVD names its poster: `posters/1979/alien.jpg`."""
        return f"{self.folder}/{self.name}"


class Unreadable(NamedTuple):
    """A file or a folder, in the posters folder, that could not be looked at."""

    path: str
    """Relative to the media folder."""
    reason: str


Found = PosterFile | Unreadable


@dataclass(frozen=True, slots=True)
class Freed:
    """Files that went, and their bytes."""

    files: int = 0
    bytes: int = 0

    @classmethod
    def by(cls, changes: Iterable[Change]) -> Self:
        """What these changes free, once they are carried out."""
        sizes = [change.payload.size for change in changes if change.action == "deleted"]
        return cls(len(sizes), sum(sizes))

    def __add__(self, other: "Freed") -> "Freed":
        return Freed(self.files + other.files, self.bytes + other.bytes)


def plan(found: Iterable[Found], *, used: Container[str], modified_before: float) -> list[Change]:
    """One change for each thing found: a file goes if no DVD uses it and it was last modified before then."""
    return [_change(item, used, modified_before) for item in found]


def _change(item: Found, used: Container[str], modified_before: float) -> Change:
    path = item.path
    shown = path if path.isascii() else printable(path)
    if isinstance(item, Unreadable):
        return Change("failed", shown, shown, reason=item.reason)
    if path in used:
        return Change("unchanged", shown, shown)
    if item.modified_at >= modified_before:
        return Change("skipped", shown, shown, reason="too_young")
    return Change("deleted", shown, shown, {"bytes": (item.size, None)}, payload=item)


def printable(path: str) -> str:
    r"""The path as text that can be stored: bytes of a file's name that are no UTF-8 are written as `\udcff`."""
    return path.encode(errors="backslashreplace").decode()
