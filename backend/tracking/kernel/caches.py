"""Which caches are emptied."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from upkeep.operations.plans import Change


class Cache(NamedTuple):
    """A cache and what is in it."""

    name: str
    entries: int | None
    """None: it cannot say."""
    bytes: int = 0


def plan(caches: Iterable[Cache]) -> list[Change]:
    """One change for each cache: it is emptied, unless it says that nothing is in it."""
    return [_change(cache) for cache in caches]


def freed(change: Change) -> Mapping[str, int]:
    """What a change frees, once it is carried out."""
    if change.action != "deleted":
        return {}
    return {"entries": change.payload.entries or 0, "bytes": change.payload.bytes}


def _change(cache: Cache) -> Change:
    name, entries, size = cache
    if entries == 0:
        return Change("unchanged", name, name)
    fields = {} if entries is None else {"entries": (entries, 0), "bytes": (size, 0)}
    return Change("deleted", name, name, fields, payload=cache)
