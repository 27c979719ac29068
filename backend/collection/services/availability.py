"""DVDs whose availability elsewhere is to be looked at."""

from datetime import timedelta
from typing import cast

from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.collection.kernel import availability
from backend.collection.models import DVD

Rows = QuerySet[DVD, availability.Row]


def dvds_with_imdb_id(*, added_in_days: int | None = None) -> Rows:
    """DVDs that have an IMDb id; with `added_in_days`, only those added in this many days."""
    dvds = DVD.objects.exclude(imdb_id="")
    if added_in_days is not None:
        dvds = dvds.filter(created_at__gt=timezone.now() - timedelta(days=added_in_days))
    return cast("Rows", dvds.values(*availability.COLUMNS))


def with_wrong_flag(dvds: Rows) -> Rows:
    """Those of the DVDs whose flag does not follow from the stored qualities."""
    return dvds.filter(Q(is_available=True, qualities=[]) | Q(is_available=False) & ~Q(qualities=[]))
