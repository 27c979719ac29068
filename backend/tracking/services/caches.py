"""The caches of the settings, on this machine."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache

from backend.tracking.kernel.caches import Cache
from backend.tracking.services.lookup import UnknownCodeError, unknown
from upkeep.operations.plans import Change


def contents(name: str | None = None) -> list[Cache]:
    """That cache, or all of them, with what is in it. Raises UnknownCodeError."""
    known = list(settings.CACHES)
    if name is not None and name not in known:
        raise UnknownCodeError(unknown("cache", name, known))
    return [_content(each) for each in known if name in (None, each)]


def clear(changes: Sequence[Change]) -> None:
    """Empty the caches of the payloads. Raises OSError for the first that cannot be emptied."""
    for change in changes:
        if change.payload:
            caches[change.key].clear()


def _content(name: str) -> Cache:
    if isinstance(caches[name], DummyCache):
        return Cache(name, 0)
    if not isinstance(caches[name], FileBasedCache):
        return Cache(name, None)
    options: Mapping[str, Any] = settings.CACHES[name]
    sizes = list(_sizes(Path(str(options["LOCATION"]))))
    return Cache(name, len(sizes), sum(sizes))


def _sizes(folder: Path) -> Iterator[int]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(FileBasedCache.cache_suffix):
                try:
                    yield entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue  # it has just gone
