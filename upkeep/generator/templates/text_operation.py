from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Annotated

from pydantic import Field

from upkeep.generator.templates.models import Item
from upkeep.operations import Change, Params, Positional, RunContext, operation


class VerbObject(Params):
    labels: Annotated[tuple[str, ...], Positional(), Field(min_length=1)]
    """The code of each Item that there should be."""


def plan(labels: Iterable[str], stored: Container[str]) -> Iterator[Change]:
    """What becomes of each label: there is a row for it, or one is created."""
    for label in labels:
        if label in stored:
            yield Change("unchanged", label, label)
        else:
            yield Change("created", label, label, {"code": (None, label)})


def write(changes: Sequence[Change]) -> None:
    """Carry it out."""
    Item.objects.bulk_create(Item(code=change.key) for change in changes)


@operation(
    "domain.verb_object",
    exclusive="domain:verb_object",
    examples=(("A-1 A-2 --dry-run --verbose", "Preview two labels."),),
)
def verb_object(params: VerbObject, run: RunContext) -> None:
    """Create an Item for each label that has none."""
    for batch in run.batches(dict.fromkeys(params.labels)):
        found = Item.objects.filter(code__in=batch.items)
        stored = set(found.values_list("code", flat=True))
        batch.commit(plan(batch.items, stored), write=write)
