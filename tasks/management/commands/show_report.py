import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from django.core.management.base import CommandParser

from backend.reports.kernel.selection import Selection, SelectionError, Unit
from backend.reports.services import formats, queries, shown
from backend.reports.services.schema import ReportsError
from backend.tracking.services.lookup import UnknownCodeError
from upkeep.operations import OperationError, streams
from upkeep.operations.terminal import history
from upkeep.operations.terminal.base import TolerantCommand
from upkeep.operations.terminal.escaping import plain

FORMATS = ("table", "csv", "json", "xlsx")
PICTURES = (".png", ".svg")
TABLES = ("", ".txt")


def day(text: str) -> date:
    """A date, for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date: write 2026-01-31") from None


def unit(text: str) -> Unit:
    """The length of a period, for argparse."""
    try:
        return Unit(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not one of {', '.join(Unit)}") from None


class Command(TolerantCommand):
    help = "Show a report: hours, estimates, contributions, unmatched work, or the health of operations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help=f"One of {', '.join(queries.REPORTS)}.")
        parser.add_argument("--organization", metavar="CODE", help="Show this organization alone. Default: all.")
        parser.add_argument("--from", dest="since", type=day, metavar="DATE", help="The first day, in its local time.")
        parser.add_argument("--until", type=day, metavar="DATE", help="The last day.")
        parser.add_argument("--by", type=unit, metavar="UNIT", help="Periods of a month, week or day. Default: month.")
        help_text = "Default: what --output ends with, else table."
        parser.add_argument("--format", choices=FORMATS, help=help_text)
        parser.add_argument("--output", type=Path, metavar="FILE", help="Write this file. Default: stdout.")
        parser.add_argument("--plot", type=Path, metavar="FILE", help="Also draw a chart into this file: .png or .svg.")
        parser.add_argument("--force", action="store_true", help="Replace files that are there.")

    def handle(self, *_args: Any, **options: Any) -> None:
        name, output, plot = options["name"], options["output"], options["plot"]
        wanted = {key: options[key] for key in ("organization", "since", "until")}
        try:
            selection = shown.selected(name, **wanted, unit=options["by"])
        except (ReportsError, SelectionError, UnknownCodeError) as error:
            raise OperationError(str(error)) from None
        kind = options["format"] or _format_of(output)
        if kind == "xlsx" and not output:
            raise OperationError("a spreadsheet needs a file: name it with --output FILE.xlsx")
        if plot and plot.suffix.lower() not in PICTURES:
            raise OperationError(f"{plot}: a chart must be a .png or .svg")
        if plot and output and plot.absolute() == output.absolute():
            raise OperationError(f"{output} is named by both --output and --plot")
        with _replacing(output, force=options["force"]) as file, _replacing(plot, force=options["force"]) as picture:
            self._show(name, selection, kind, file)
            if picture:
                from backend.reports.services import plots  # noqa: PLC0415 - matplotlib, for pictures alone

                with shown.reading(name, selection) as (columns, rows):
                    records = (dict(zip(columns, row, strict=True)) for row in rows)
                    plots.draw(name, records, selection.unit, picture, plot.suffix.lower()[1:])

    def _show(self, name: str, selection: Selection, kind: str, file: Path | None) -> None:
        if kind == "csv" and file:
            with file.open("wb") as stream:
                shown.write_csv(name, selection, stream.write)
            return
        if kind == "csv":
            shown.write_csv(name, selection, self._print)
            return
        with shown.reading(name, selection) as (columns, rows):
            if kind == "xlsx" and file:
                if left_out := formats.write_xlsx(file, name, columns, rows):
                    self.stderr.write(f"{left_out:,} rows more than a spreadsheet holds: --format csv has all")
                return
            is_seen = file is None and streams.is_terminal(sys.stdout)
            width = history.terminal_width() if is_seen else None
            texts = (
                formats.json_lines(columns, rows)
                if kind == "json"
                else [formats.table_text(columns, rows, width=width, plain=plain) + "\n"]
            )
            if file:
                with file.open("w", encoding="utf-8") as stream_of_text:
                    stream_of_text.writelines(texts)
                return
            for text in texts:
                self.stdout.write(text, ending="")

    def _print(self, block: bytes) -> None:
        self.stdout.write(block.decode(), ending="")


def _format_of(output: Path | None) -> str:
    """The format that a file's name asks for. Raises OperationError for the name of something else."""
    suffix = output.suffix.lower() if output else ""
    if suffix in TABLES:
        return "table"
    if suffix[1:] not in FORMATS:
        raise OperationError(f"{output}: say with --format what it is to be: {', '.join(FORMATS)}")
    return suffix[1:]


@contextmanager
def _replacing(path: Path | None, *, force: bool) -> Iterator[Path | None]:
    """A file that takes the place of `path` at the end, if all went well. Raises OperationError, before any work."""
    if path is None:
        yield None
        return
    try:
        if path.exists() and not path.is_file():
            raise OperationError(f"{path} is there, and is not a file")
        if path.exists() and not force:
            raise OperationError(f"{path} is there: --force replaces it")
        handle, draft = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OperationError(f"{path}: {error.strerror}") from None
    os.close(handle)
    try:
        yield Path(draft)
        umask = os.umask(0)
        os.umask(umask)
        Path(draft).chmod(0o666 & ~umask)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)
