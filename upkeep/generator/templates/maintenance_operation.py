from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Annotated

from django.utils import timezone
from pydantic import Field

from upkeep.generator.templates.models import Item
from upkeep.operations import Change, Params, RunContext, operation


class VerbObject(Params):
    days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """Keep rows whose created_at is within this many days."""


def plan(items: Iterable[Item]) -> Iterator[Change]:
    """What becomes of each row: it goes."""
    for item in items:
        yield Change("deleted", str(item.pk), str(item))


def write(changes: Sequence[Change]) -> None:
    """Carry it out."""
    Item.objects.filter(pk__in=[change.key for change in changes]).delete()


@operation(
    "domain.verb_object",
    exclusive="domain:verb_object",
    confirm="yes",
    examples=(
        ("--days 30 --dry-run --verbose", "Preview what would be deleted."),
        ("--days 30 --no-input", "Delete it without a question."),
    ),
)
def verb_object(params: VerbObject, run: RunContext) -> None:
    """Delete each Item that is older than a number of days."""
    before = timezone.now() - timedelta(days=params.days)
    for batch in run.batches(Item.objects.filter(created_at__lt=before)):
        batch.commit(plan(batch.items), write=write)
