"""DVDs that lack something TMDB may know."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django.db.models import Count, Q, QuerySet

from backend.collection.kernel import imdb_ids, refresh
from backend.collection.models import DVD
from backend.collection.services.lookups import due

BLANK = {
    "tagline": Q(tagline=""),
    "budget": Q(budget=None),
    "revenue": Q(revenue=None),
    "production_companies": Q(production_companies=""),
    "director": Q(director=""),
    "uk_certification": Q(uk_certification=""),
}
"""The details whose absence makes a DVD incomplete."""

TITLES = {
    "tagline": "Taglines",
    "budget": "Budgets",
    "revenue": "Revenues",
    "production_companies": "Production companies",
    "director": "Directors",
    "uk_certification": "UK certifications",
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the DVDs with a TMDB id have one detail."""

    name: str
    filled: int
    total: int

    def __str__(self) -> str:
        share = self.filled / self.total if self.total else 0.0
        return f"{TITLES[self.name]}: {self.filled}/{self.total} ({share:.1%})"


def dvds_to_refresh(*, force: bool, tmdb_id: int | None, recheck_after: int) -> QuerySet[DVD, refresh.Row]:
    """DVDs that lack a detail and were not asked for in the last `recheck_after` days.

    `force` takes all that have a TMDB id; `tmdb_id` takes the copies of one film, complete or not.
    """
    dvds = DVD.objects.exclude(tmdb_id=None) if tmdb_id is None else DVD.objects.filter(tmdb_id=tmdb_id)
    if tmdb_id is None and not force:
        dvds = due(dvds.filter(_any_blank()), "details", after=timedelta(days=recheck_after))
    return cast("QuerySet[DVD, refresh.Row]", dvds.values(*refresh.COLUMNS))


def dvds_without_imdb_id(*, recheck_after: int) -> QuerySet[DVD, imdb_ids.Row]:
    """DVDs that have a TMDB id and no IMDb id, which was not asked for in the last `recheck_after` days.

    That `dvds_to_refresh` were asked for does not count: an answer about details may be unintelligible where the one
    about ids is not.
    """
    dvds = due(DVD.objects.filter(imdb_id="").exclude(tmdb_id=None), "imdb_id", after=timedelta(days=recheck_after))
    return cast("QuerySet[DVD, imdb_ids.Row]", dvds.values(*imdb_ids.COLUMNS))


def coverage() -> list[Coverage]:
    """The coverage of each detail."""
    counted = {name: Count("pk", filter=~blank) for name, blank in BLANK.items()}
    found = DVD.objects.exclude(tmdb_id=None).aggregate(total=Count("pk"), **counted)
    return [Coverage(name, found[name], found["total"]) for name in BLANK]


def _any_blank() -> Q:
    blank = Q()
    for condition in BLANK.values():
        blank |= condition
    return blank
