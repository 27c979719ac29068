"""As `increment_rows`, but over a queryset, whose rows several workers may share."""

import time
from collections.abc import Sequence

from django.db.models import F
from pydantic import NonNegativeFloat

from backend.collection.models import DVD
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.params import Params
from upkeep.operations.plans import Change


class IncrementParts(Params):
    pause: NonNegativeFloat = 0.0
    """Seconds for each row that a batch stays open between its writing and its commit."""
    fails: bool = False
    """Whether the part with the first rows fails."""


@operation("testing.increment_parts", partitions=3)
def increment_parts(params: IncrementParts, run: RunContext) -> None:
    """Add 1 to every DVD's copy number."""

    def write(changes: Sequence[Change]) -> None:
        DVD.objects.filter(pk__in=[change.key for change in changes]).update(copy_number=F("copy_number") + 1)
        time.sleep(params.pause * len(changes))

    first = DVD.objects.order_by("pk").values_list("pk", flat=True).first()
    for batch in run.batches(DVD.objects.all()):
        if params.fails and batch.items[0].pk == first:
            raise ValueError("it was told to")
        batch.commit([Change("updated", str(dvd.pk), dvd.name) for dvd in batch.items], write=write)
    run.report("all parts are done", copies=DVD.objects.filter(copy_number=2).count())
