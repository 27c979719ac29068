import csv
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import Annotated

from upkeep.generator.templates.import_kernel import Line, UnusableFileError, pages, plan
from upkeep.generator.templates.models import Item
from upkeep.operations import Change, InputFile, Params, Positional, RunContext, operation


class VerbObject(Params):
    file: Annotated[InputFile, Positional()]
    """A CSV file in UTF-8 whose first line names the columns code and title."""
    update: bool = False
    """Also update rows that exist."""


def stored(page: Iterable[Line]) -> dict[str, str]:
    """The title of each row that exists, by code."""
    named = [line.row.code for line in page if line.row]
    found = Item.objects.filter(code__in=named)
    return dict(found.values_list("code", "title"))


def write(changes: Sequence[Change]) -> None:
    """Carry it out."""
    Item.objects.bulk_create(
        Item(code=change.key, title=change.payload) for change in changes if change.action == "created"
    )
    for change in changes:
        if change.action == "updated":
            Item.objects.filter(code=change.key).update(title=change.payload)


@operation(
    "domain.verb_object",
    exclusive="domain:verb_object",
    errors=(UnusableFileError, UnicodeDecodeError, csv.Error),
    examples=(
        ("rows.csv --dry-run --verbose", "Preview what becomes of each row."),
        ("rows.csv --update", "Also update rows that exist."),
    ),
)
def verb_object(params: VerbObject, run: RunContext) -> None:
    """Import each Item of a CSV file."""
    with run.open(params.file) as file, TextIOWrapper(file, "utf-8-sig", newline="") as text:
        for batch in run.batches(pages(text)):
            changes = plan(batch.items, stored(batch.items), update=params.update)
            batch.commit(changes, write=write)
