"""An operation that tells whether anything was done twice or not at all: every row is one higher afterwards."""

import time
from collections.abc import Iterator, Sequence

from django.db.models import F, QuerySet
from pydantic import NonNegativeFloat, PositiveInt

from backend.collection.models import DVD
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.execution.shares import Cursor
from upkeep.operations.params import Params
from upkeep.operations.plans import Change


class IncrementRows(Params):
    rows: PositiveInt = 10
    """Rows a batch."""
    pause: NonNegativeFloat = 0.0
    """Seconds that each batch stays open between its writing and its commit."""
    key: str = ""
    """The exclusive key, if it is to have one."""


def _key(params: IncrementRows) -> str | None:
    return params.key or None


@operation("testing.increment_rows", exclusive=_key)
def increment_rows(params: IncrementRows, run: RunContext) -> None:
    """Add 1 to every DVD's copy number, a few rows a transaction."""

    def pages(after: Cursor) -> Iterator[tuple[Sequence[int], Cursor]]:
        while found := list(_behind(after)[: params.rows]):
            yield found, (after := found[-1])

    def write(changes: Sequence[Change]) -> None:
        DVD.objects.filter(pk__in=[change.key for change in changes]).update(copy_number=F("copy_number") + 1)
        time.sleep(params.pause)

    for batch in run.batches(pages):
        batch.commit([Change("updated", str(pk), f"DVD {pk}") for pk in batch.items], write=write)


def _behind(after: Cursor) -> QuerySet[DVD, int]:
    rows = DVD.objects.order_by("pk").values_list("pk", flat=True)
    return rows if after is None else rows.filter(pk__gt=after)
