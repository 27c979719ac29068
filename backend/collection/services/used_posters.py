"""Which poster files DVDs use: those that the storage opens for a DVD, and those that its poster's name may mean."""

import json
import os
from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import Storage
from django.db import connection

from backend.collection.kernel.poster_names import CANONICAL, POSTERS, resemblance, resemblances
from backend.collection.kernel.posters import Found, LookedAt, PosterFile, Resembling
from backend.collection.models import DVD
from backend.collection.services.poster_folder import PosterFolder

T = TypeVar("T", bound=Hashable)
ROWS = 5_000
"""Whose names are in memory at a time."""
HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
"""What cannot be seen yet is written by this transaction or a later one."""
NAMES = """
    SELECT max(id), json_agg(poster)::text FROM (
        SELECT id, poster FROM {rows} AS dvd WHERE id > %(after)s AND poster <> '' ORDER BY id LIMIT %(rows)s
    ) AS page
"""
ALL = "collection_dvd"
WRITTEN = """
    (SELECT id, poster FROM collection_dvd WHERE age(xmin) <= (SELECT age(%(horizon)s::xid8::xid)) OFFSET 0)
"""
"""The offset keeps the planner from reading the whole table in the order of its ids, which takes four times as long."""
BEFORE_FIRST = -(2**63)
NO_FILE = r"^[\s./\\]*(posters)?[\s./\\]*$"
"""Names that lead to a folder at most."""


class UsedPosters:
    """What DVDs name at this moment, in a few bytes a name."""

    def __init__(self, folder: PosterFolder, storage: Storage) -> None:
        self._folder = folder
        self._storage = storage
        self._horizon = ""
        self._links: frozenset[str] = frozenset()
        self._paths = Hashes()
        self._spellings = Hashes()
        self._identities = Hashes()

    def look_at(self, found: Sequence[Found]) -> list[LookedAt]:
        """The things found in the folder; of the files that no DVD uses at this moment, what there is to know."""
        self._read()
        used = self._paths.among([item for item in found if isinstance(item, str)])
        looked_at = self._folder.looked_at(found, used=used)
        files = [item for item in looked_at if isinstance(item, PosterFile)]
        identities = self._identities.among([file.identity for file in files])
        spelt = [resemblance(file.path) for file in files]
        spellings = self._spellings.among(spelt)
        kept: dict[str, LookedAt] = {
            file.path: file.path if file.identity in identities else Resembling(file.path)
            for file, spelling in zip(files, spelt, strict=True)
            if spelling in spellings or file.identity in identities
        }
        return (
            [kept.get(item.path, item) if isinstance(item, PosterFile) else item for item in looked_at]
            if kept
            else looked_at
        )

    def _read(self) -> None:
        """Read the names that were written since the last time; at first, all."""
        if not self._horizon:
            self._links = frozenset(map(resemblance, self._folder.links()))
        with connection.cursor() as cursor:
            cursor.execute(HORIZON)
            [horizon] = cursor.fetchone() or [""]
        for names in _names(since=self._horizon):
            self._add(names)
        self._horizon = horizon

    def _add(self, names: list[str]) -> None:
        found = [name if CANONICAL.match(name) else self._path(name) for name in names]
        paths = [path for path in found if path]
        self._paths.add(paths)
        self._spellings.add(spelling for name in names for spelling in resemblances(name))
        self._identities.add(
            identity for path in paths if self._may_lead_on(path) and (identity := self._identity(path))
        )

    def _path(self, name: str) -> str | None:
        """Of the file that the storage opens by this name, relative to the media folder; None when it opens none."""
        try:
            return os.path.relpath(self._storage.path(name), self._storage.path(""))
        except (SuspiciousFileOperation, ValueError):
            return None

    def _may_lead_on(self, path: str) -> bool:
        """Whether the file at this path may be another one than it says."""
        if not path.startswith(f"{POSTERS}/"):
            return True
        folders = accumulate(resemblance(path).split("/"), "{}/{}".format) if self._links else ()
        return any(folder in self._links for folder in folders)

    def _identity(self, path: str) -> tuple[int, int] | None:
        with suppress(OSError):
            status = Path(self._storage.path(path)).stat()
            return status.st_dev, status.st_ino
        return None


class Hashes:
    """A set that keeps 8 bytes a value, and counts another value as its own once in some 10^14 questions."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, values: Iterable[Hashable]) -> None:
        """Add those that are not there."""
        new = set(map(hash, values))
        self._hashes.extend(new.difference(new.intersection(self._hashes)))

    def among(self, values: Sequence[T]) -> set[T]:
        """Those of the values that are there."""
        wanted = dict(zip(map(hash, values), values, strict=True))
        return {wanted[found] for found in wanted.keys() & self._hashes} if wanted else set()


def used_posters(folder: PosterFolder) -> UsedPosters:
    """What the rows name."""
    return UsedPosters(folder, DVD._meta.get_field("poster").storage)  # noqa: SLF001 - Django's own way to a field


def poster_folder() -> PosterFolder:
    """The posters folder of the settings' media folder."""
    return PosterFolder(Path(settings.MEDIA_ROOT))


def has_posters() -> bool:
    """Whether any DVD names a poster; the folder alone is not one."""
    return DVD.objects.exclude(poster__iregex=NO_FILE).exists()


def _names(*, since: str) -> Iterator[list[str]]:
    """The posters' names of all rows, or of those that were written since that horizon."""
    after, names = BEFORE_FIRST, "[]"
    sql = NAMES.format(rows=WRITTEN if since else ALL)
    while names:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"after": after, "rows": ROWS, "horizon": since})
            after, names = cursor.fetchone() or (after, "")
        if names:
            yield json.loads(names)
