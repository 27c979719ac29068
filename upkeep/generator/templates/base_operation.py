from collections.abc import Iterable, Iterator, Sequence

from pydantic import PositiveInt

from upkeep.generator.templates.models import Item
from upkeep.operations import Change, Params, RunContext, operation


class VerbObject(Params):
    limit: PositiveInt | None = None
    """Look at this many rows at most."""


def plan(items: Iterable[Item]) -> Iterator[Change]:
    """What becomes of each row."""
    for item in items:
        key, label, tidy = str(item.pk), str(item), item.code.strip()
        if tidy == item.code:
            yield Change("unchanged", key, label)
        else:
            yield Change("updated", key, label, {"code": (item.code, tidy)}, payload=tidy)


def write(changes: Sequence[Change]) -> None:
    """Carry it out."""
    items = [Item(pk=change.key, code=change.payload) for change in changes]
    Item.objects.bulk_update(items, ["code"])


@operation(
    "domain.verb_object",
    exclusive="domain:verb_object",
    examples=(("--limit 10 --dry-run --verbose", "Preview ten rows."),),
)
def verb_object(params: VerbObject, run: RunContext) -> None:
    """Remove the white space around the code of each Item."""
    for batch in run.batches(Item.objects.all(), limit=params.limit):
        batch.commit(plan(batch.items), write=write)
