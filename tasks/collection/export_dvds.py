from collections.abc import Iterator

from backend.collection import services
from backend.collection.kernel import exports
from backend.spreadsheets.records import Delimiter
from backend.spreadsheets.text import BYTE_ORDER_MARK
from upkeep.operations import OperationError, OutputFile, Params, RunContext, operation

MAX_PRINTED = 10_000
"""Lines on stdout, which are held in memory and recorded with the run."""


class ExportDvds(Params):
    output: OutputFile | None = None
    """Write this file, for a spreadsheet: in UTF-8 with the byte order mark that Excel needs. Default: stdout."""
    delimiter: Delimiter = ","
    """The character between two cells, or tab."""


@operation(
    "collection.export_dvds",
    read_only=True,
    prints="report",
    examples=(
        ("--output dvds.csv", "Write a file for a spreadsheet."),
        ("--output dvds.csv --delimiter ';'", "Write one that a German Excel opens."),
        ("", "Print the collection."),
    ),
)
def export_dvds(params: ExportDvds, run: RunContext) -> None:
    """Write all DVDs as CSV, one per line: what import_dvds reads.

    Cells that a spreadsheet would take for a formula get an apostrophe, which import_dvds takes away.
    """
    if params.output is None:
        for number, line in enumerate(_lines(params, run)):
            if number > MAX_PRINTED:
                raise OperationError(f"more than {MAX_PRINTED:,} DVDs are not printed: write a file with --output")
            run.report(line)
        return
    with run.create(params.output) as file:
        file.write(BYTE_ORDER_MARK)
        for line in _lines(params, run):
            file.write(f"{line}\n")
    run.log(f"{run.counts_by_step[''].processed:,} DVDs are written to {params.output.path}")


def _lines(params: ExportDvds, run: RunContext) -> Iterator[str]:
    yield from exports.lines([], params.delimiter, with_heading=True)
    for batch in run.batches(services.exported_pages):
        yield from exports.lines(batch.items, params.delimiter)
