import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Literal, TypedDict

from pydantic import PositiveInt

from upkeep.formulas import guarded
from upkeep.generator.templates.models import Item
from upkeep.operations import OutputFile, Params, RunContext, operation


class Row(TypedDict):
    """A row of the report."""

    id: str
    code: str


class VerbObject(Params):
    format: Literal["text", "json", "csv"] = "text"
    """What the report is written as."""
    output: OutputFile | None = None
    """Write this file. Default: stdout."""
    limit: PositiveInt = 1_000
    """Report this many rows at most: they are held in memory."""


def rendered(rows: list[Row], form: str) -> str:
    """The report as text, JSON or CSV, without a line feed at its end.

    In CSV, what a spreadsheet would take for a formula gets an apostrophe.
    """
    if form == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False)
    if form == "csv":
        text = StringIO()
        writer = csv.DictWriter(text, tuple(Row.__annotations__), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: guarded(str(cell)) for name, cell in row.items()} for row in rows)
        return text.getvalue().removesuffix("\n")
    width = max((len(row["id"]) for row in rows), default=0)
    return "\n".join(f"{row['id']:>{width}}  {row['code']}" for row in rows)


@operation(
    "domain.verb_object",
    prints="report",
    examples=(
        ("--format csv --limit 10", "Print ten rows as CSV."),
        ("--format json --output rows.json", "Write all of them to a file."),
    ),
)
def verb_object(params: VerbObject, run: RunContext) -> None:
    """Report each Item as text, JSON or CSV."""
    rows: list[Row] = []

    def pages(_after: object) -> Iterator[tuple[list[Item], None]]:
        """Without a cursor, so that a run which is resumed reads all of them again."""
        yield list(Item.objects.order_by("code")[: params.limit]), None

    for batch in run.batches(pages):
        rows += [Row(id=str(item.pk), code=item.code) for item in batch.items]
    report = rendered(rows, params.format)
    if params.output is None:
        for line in report.split("\n"):
            run.report(line)
    elif not run.dry_run:
        with run.create(params.output) as file:
            file.write(f"{report}\n")
        run.log(f"{len(rows):,} rows are written to {params.output.path}")
