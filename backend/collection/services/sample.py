"""Sample DVDs and the data they are made from."""

from collections.abc import Iterable
from pathlib import Path

from django.db.models import QuerySet

from backend.collection.kernel import sample
from backend.collection.models import DVD

FILMS = Path(__file__).parents[1] / "data" / "films.csv"


def sample_films() -> tuple[sample.Film, ...]:
    """The well-known films that come first."""
    with FILMS.open(encoding="utf-8", newline="") as lines:
        return sample.films(lines)


def existing_tmdb_ids(rows: Iterable[sample.Row]) -> set[int | None]:
    """Which of the TMDB ids of these sample rows DVDs have already."""
    wanted = [row["tmdb_id"] for row in rows]
    return set(DVD.objects.filter(tmdb_id__in=wanted).values_list("tmdb_id", flat=True))


def all_dvds() -> QuerySet[DVD, sample.Stored]:
    """Every DVD there is."""
    return DVD.objects.values("pk", "name")
