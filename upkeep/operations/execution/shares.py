"""How the rows of a queryset are shared among the parts of a run: by ranges of their primary keys."""

from typing import Any, NamedTuple, TypeAlias

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

Cursor: TypeAlias = int | str | None
"""How far a step is: everything up to and including this key is done."""
MAX_PARTS = 64
"""Parts of one step."""
ENDS = "SELECT percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY key) FROM ({keys}) AS keys (key)"


class Part(NamedTuple):
    """What a run that is a part of another one is to do: the keys of one step after `after`, up to `until`."""

    number: int
    of: int
    step: str
    after: Cursor
    until: Cursor
    """None: to the end."""
    room: int = 0
    """How many changes it may record."""

    def of_source(self, source: Any) -> "QuerySet[Any, Any]":
        """Its share of a queryset. Raises TypeError when the step has another kind of source by now."""
        if not isinstance(source, QuerySet):
            raise TypeError(f"step {self.step!r} was split, and is not over a queryset any more")
        share: QuerySet[Any, Any] = source if self.after is None else source.filter(pk__gt=self.after)
        return share if self.until is None else share.filter(pk__lte=self.until)


def of(source: "QuerySet[Any, Any]", step: str, *, after: Cursor, limit: int | None, number: int) -> list[Part]:
    """The rows after `after`, at most `limit` of them, in up to `number` parts of about the same size.

    Without a limit the last part has no end: rows that are added meanwhile are not left out.
    """
    ends = _ends(source if after is None else source.filter(pk__gt=after), limit, number)
    starts = [after, *ends[:-1]]
    if limit is None and ends:
        ends[-1] = None
    bounds = list(zip(starts, ends, strict=False))
    return [Part(place, len(ends), step, *bound) for place, bound in enumerate(bounds, start=1)]


def _ends(source: "QuerySet[Any, Any]", limit: int | None, number: int) -> list[Cursor]:
    try:
        sql, params = source.order_by("pk").values("pk")[:limit].query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking, as with a limit of 0
        return []
    fractions = [place / number for place in range(1, number + 1)]
    with connection.cursor() as cursor:
        cursor.execute(ENDS.format(keys=sql), [fractions, *params])
        [keys] = cursor.fetchone() or [None]
    # In the order of the database, which for texts is not Python's.
    return [key if isinstance(key, int) else str(key) for key in dict.fromkeys(keys or ())]
