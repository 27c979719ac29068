"""Writing to DVDs, many at a time."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from backend.collection.kernel.answers import UNAVAILABLE
from backend.collection.kernel.lookups import Lookup
from backend.collection.models import DVD
from upkeep.operations.plans import Change

FOLLOWING = (
    "tagline",
    "budget",
    "revenue",
    "production_companies",
    "director",
    "uk_certification",
    "rating",
    "tmdb_user_score",
    "is_available",
    "qualities",
    "details_asked_at",
    "imdb_id_asked_at",
    "availability_asked_at",
    "details_tried_at",
    "imdb_id_tried_at",
    "availability_tried_at",
    "updated_at",
)
"""Columns that take the value they are given."""

TEXTS_TO_FILL = ("overview", "genres", "original_language", "imdb_id")
NUMBERS_TO_FILL = ("runtime", "release_year")
"""Columns that are only filled: what the owner has typed in meanwhile stays."""

_SETTERS = ", ".join(
    [f"{column} = coalesce(new.{column}, dvd.{column})" for column in FOLLOWING]
    + [f"{column} = coalesce(nullif(dvd.{column}, ''), new.{column}, '')" for column in TEXTS_TO_FILL]
    + [f"{column} = coalesce(dvd.{column}, new.{column})" for column in NUMBERS_TO_FILL]
)
UPDATE = (
    f"UPDATE collection_dvd AS dvd SET {_SETTERS} "  # noqa: S608 - made of constants
    "FROM jsonb_populate_recordset(null::collection_dvd, %s::jsonb) AS new WHERE dvd.id = new.id"
)
"""Absent columns of a record are null, and leave theirs as they are."""


def write_dvds(changes: Sequence[Change], *, lookup: Lookup | None = None) -> None:
    """Write the columns of the changes' payloads in one statement; no other column is touched.

    With `lookup` all of these DVDs are noted as looked up now: as asked for, or as tried in vain when the system was
    unavailable. `updated_at` follows the other columns alone.
    """
    now = timezone.now().isoformat()
    records = [
        _record(change, {"updated_at": now}, {_column(change, lookup): now} if lookup else {}) for change in changes
    ]
    with connection.cursor() as cursor:
        cursor.execute(UPDATE, [json.dumps(records)])


def write_details(changes: Sequence[Change]) -> None:
    """`write_dvds`, and note that TMDB was asked for these DVDs' details."""
    write_dvds(changes, lookup="details")


def write_imdb_ids(changes: Sequence[Change]) -> None:
    """`write_dvds`, and note that TMDB was asked for these DVDs' IMDb ids."""
    write_dvds(changes, lookup="imdb_id")


def write_availability(changes: Sequence[Change]) -> None:
    """`write_dvds`, and note that these DVDs' availability was asked for."""
    write_dvds(changes, lookup="availability")


def create_dvds(changes: Sequence[Change]) -> None:
    """Create the DVDs of the changes' payloads."""
    DVD.objects.bulk_create(DVD(**change.payload) for change in changes)


def delete_dvds(changes: Sequence[Change]) -> None:
    """Delete these DVDs; their poster files stay, for `cleanup_unused_posters`."""
    DVD.objects.filter(pk__in=[int(change.key) for change in changes]).delete()


def _column(change: Change, lookup: Lookup) -> str:
    return f"{lookup}_tried_at" if change.reason == UNAVAILABLE else f"{lookup}_asked_at"


def _record(change: Change, updated: dict[str, Any], noted: dict[str, Any]) -> dict[str, Any]:
    return {"id": int(change.key), **change.payload, **noted, **(updated if change.payload else {})}
