"""DVDs from a table, and to one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import IO, Any

from django.db import IntegrityError
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

from backend.collection.kernel import dvd_rows
from backend.collection.kernel.dvd_rows import FIELDS, Line
from backend.collection.kernel.imports import Imported, Shelf, Stored
from backend.collection.kernel.lookups import forgotten
from backend.collection.models import DVD
from backend.spreadsheets.pages import pages
from backend.spreadsheets.table import BrokenRow
from upkeep.operations.plans import Change

PAGE = 500
COLUMNS = tuple(FIELDS.values())


def imported_pages(
    stream: IO[bytes], *, name: str, delimiter: str, encoding: str | None
) -> Callable[[int | str | None], Iterator[tuple[list[Line | BrokenRow], int]]]:
    """A function from the last line of a CSV file that is done to the pages after it. Raises UnusableFileError."""
    read = partial(dvd_rows.rows, delimiter=delimiter, encoding=encoding)
    return pages(stream, read, name=name, encoding=encoding, unit=16)


def shelf(lines: Iterable[Line | BrokenRow]) -> Shelf:
    """The DVDs that these rows may be about."""
    rows = [line.row for line in lines if isinstance(line, Line)]
    titles = {row.title for row in rows if not (row.tmdb_id or row.imdb_id)}
    wanted = (
        Q(pk__in={row.id for row in rows if row.id})
        | Q(tmdb_id__in={row.tmdb_id for row in rows if row.tmdb_id})
        | Q(imdb_id__in={row.imdb_id for row in rows if row.imdb_id})
        | Q(lowered__in=[Lower(Value(title)) for title in titles])
    )
    found = DVD.objects.alias(lowered=Lower("name")).filter(wanted).order_by("pk").values(*COLUMNS)
    return Shelf(Stored(values["pk"], values) for values in found)


def write_imported(changes: Sequence[Change]) -> None:
    """Create the new DVDs and update the others, in a few statements; those with another id are looked up again.

    Raises IntegrityError where one was deleted, or its location was taken, in the meantime.
    """
    imported: list[Imported] = [change.payload for change in changes]
    DVD.objects.bulk_create(DVD(**one.values) for one in imported if one.pk is None)
    existing = [(one.pk, {**one.values, **forgotten(one.values)}) for one in imported if one.pk is not None]
    now = timezone.now()
    for names, group in groupby(sorted(existing, key=_names), key=_names):
        dvds = [DVD(pk=pk, updated_at=now, **values) for pk, values in group]
        if DVD.objects.bulk_update(dvds, [*names, "updated_at"]) < len(dvds):
            raise IntegrityError("the DVD was deleted in the meantime")


def exported_pages(_after: object) -> Iterator[tuple[list[Mapping[str, Any]], None]]:
    """All DVDs by their ids. Without a cursor, so that a run which is resumed exports all of them again."""
    dvds = DVD.objects.order_by("pk").values(*COLUMNS)
    page: list[Mapping[str, Any]] = [*dvds[:PAGE]]
    while page:
        yield page, None
        page = [*dvds.filter(pk__gt=page[-1]["pk"])[:PAGE]]


def _names(existing: tuple[int, Mapping[str, Any]]) -> list[str]:
    return sorted(existing[1])
