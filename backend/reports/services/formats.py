"""Rows of a report as JSON, as a spreadsheet, and as a table for a terminal."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from backend.reports.kernel import table

Row = Sequence[Any]
MAX_TABLE_ROWS = 1_000
MAX_SHEET_ROWS = 1_048_576
"""Of Excel, the heading included."""
WIDTHS = {"title": 60, "member": 24, "operation": 36, "finished_at": 20}


def json_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A JSON array, an object a line; hours are numbers, days and moments as ISO 8601 has them."""
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=_plain)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def write_xlsx(path: Path, title: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write a spreadsheet row by row, in constant memory. Returns how many rows did not fit into it.

    Each cell has a type, so that no text is taken for a formula.
    """
    import xlsxwriter  # noqa: PLC0415 - for spreadsheets alone

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with closing(xlsxwriter.Workbook(str(path), {**options, "remove_timezone": True})) as book:
        sheet = book.add_worksheet(title)
        bold = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for place, name in enumerate(columns):
            sheet.set_column(place, place, WIDTHS.get(name, 16))
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, columns, bold)
        iterator = iter(rows)
        for number, row in enumerate(islice(iterator, MAX_SHEET_ROWS - 1), 1):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif isinstance(value, date):
                    sheet.write_datetime(number, place, value, moment if isinstance(value, datetime) else day)
                elif value is not None:
                    sheet.write(number, place, value)
        return sum(1 for _ in iterator)


def table_text(columns: Sequence[str], rows: Iterable[Row], *, width: int | None, plain: Callable[[str], str]) -> str:
    """The first rows as a table that fits a terminal of this width; None: as wide as it is."""
    iterator = iter(rows)
    shown = [[plain(_cell(value)) for value in row] for row in islice(iterator, MAX_TABLE_ROWS)]
    more = sum(1 for _ in iterator)
    text = table.rendered(columns, shown, width=width)
    return f"{text}\n… and {more:,} rows more: --format csv has all" if more else text


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
