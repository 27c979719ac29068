"""When DVDs were looked up elsewhere, and whose turn it is.

Each kind of look-up has columns of its own: `…_asked_at`, when the system last answered about the DVD, and
`…_tried_at`, when it last did not.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from backend.collection.kernel.lookups import Lookup
from backend.collection.models import DVD

R = TypeVar("R")


def due(dvds: "QuerySet[DVD, R]", lookup: Lookup, *, after: timedelta) -> "QuerySet[DVD, R]":
    """Those of the DVDs that were not asked for in this time."""
    return dvds.exclude(**{f"{lookup}_asked_at__gt": timezone.now() - after})


def next_in_turn(dvds: "QuerySet[DVD, R]", lookup: Lookup, *, limit: int | None) -> "QuerySet[DVD, R]":
    """At most `limit` of the DVDs: those never looked up, then those whose last look-up is longest ago."""
    if limit is None:
        return dvds
    last = Greatest(F(f"{lookup}_asked_at"), F(f"{lookup}_tried_at"))
    keys = list(dvds.order_by(last.asc(nulls_first=True), "pk").values_list("pk", flat=True)[:limit])
    return dvds.filter(pk__in=keys)


def unanswered_last(dvds: "QuerySet[DVD, R]", lookup: Lookup) -> "tuple[QuerySet[DVD, R], QuerySet[DVD, R]]":
    """The DVDs apart from those whose last look-up, before this moment, was without an answer; and those."""
    tried, asked = f"{lookup}_tried_at", f"{lookup}_asked_at"
    in_vain = Q(**{f"{tried}__lt": timezone.now()}) & (Q(**{asked: None}) | Q(**{f"{asked}__lt": F(tried)}))
    return dvds.exclude(in_vain), dvds.filter(in_vain)


def tried_in_vain(lookup: Lookup) -> Callable[[Sequence[Mapping[str, Any]]], None]:
    """What notes of rows that they were looked up without an answer."""
    return partial(_note, f"{lookup}_tried_at")


def _note(column: str, rows: Sequence[Mapping[str, Any]]) -> None:
    DVD.objects.filter(pk__in=[row["pk"] for row in rows]).update(**{column: timezone.now()})
