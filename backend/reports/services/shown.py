"""Reports as they are shown: looked up, selected, and read row by row."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import chain
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from backend.reports.kernel.selection import Selection, SelectionError, Unit
from backend.reports.services import catalogue, definitions, promises, queries
from backend.reports.services.queries import REPORTS
from backend.reports.services.schema import ReportsError
from backend.tracking.kernel.configuration.problems import suggestion
from backend.tracking.models import Organization
from backend.tracking.services import lookup

PAGE = 2_000
BLOCK_BYTES = 1 << 16
Rows = Iterator[tuple[Any, ...]]


def selected(
    name: str, *, organization: str | None, since: date | None, until: date | None, unit: Unit | None
) -> Selection:
    """What is wanted of a report, after everything that may be wrong with that was looked at.

    Raises:
        SelectionError: there is no such report, or it cannot be selected from so.
        UnknownCodeError: there is no such organization.
        ReportsError: the reports are not made yet.
    """
    if name not in REPORTS:
        raise SelectionError(f"there is no report {name!r}: {suggestion(name, REPORTS)}")
    if unit and not REPORTS[name].has_periods:
        raise SelectionError(f"--by is for {_those_with('has_periods')}: {name} has one row a task")
    if organization and not REPORTS[name].has_organizations:
        raise SelectionError(f"--organization is for {_those_with('has_organizations')}: runs are of no organization")
    wanted = Organization.objects.filter(pk=lookup.organization(organization).pk) if organization else None
    found = wanted if wanted is not None else Organization.objects.order_by("code")
    selection = Selection(
        since=since,
        until=until,
        unit=unit or Unit.MONTH,
        zones=dict(found.values_list("code", "time_zone")),
        is_whole=organization is None,
    )
    if not catalogue.stored(view.name for view in definitions.all_views()):
        raise ReportsError("the reports are not made yet: run make_reports")
    if lacks := next(promises.broken_columns(), None):
        raise ReportsError(f"the reports are not up to date, {lacks}: run make_reports")
    return selection


@contextmanager
def reading(name: str, selection: Selection) -> Iterator[tuple[list[str], Rows]]:
    """The names of a report's columns, and its rows, of which a few thousand are in memory at a time."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(queries.query(name, selection))
        first = cursor.fetchmany(PAGE)  # before that, PostgreSQL does not say which columns there are
        yield [column.name for column in cursor.description], chain(first, _rest(cursor))


def _rest(cursor: Any) -> Rows:
    while page := cursor.fetchmany(PAGE):
        yield from page


def columns(query: sql.Composable) -> list[str]:
    """The names of a query's columns."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT * FROM ({}) AS report LIMIT 0").format(query))
        return [column.name for column in cursor.description]


def write_csv(name: str, selection: Selection, write: Callable[[bytes], object]) -> None:
    """Write a report as CSV in UTF-8, as PostgreSQL's COPY does, in blocks of about 64 kB.

    Texts that a spreadsheet would take for a formula get an apostrophe.
    """
    query = queries.query(name, selection)
    copy = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, HEADER)")
    guarded = queries.guarded(name, query, columns(query))
    block = bytearray()
    with connection.cursor() as cursor, cursor.copy(copy.format(guarded)) as rows:
        for row in rows:
            block += row
            if len(block) >= BLOCK_BYTES:
                write(bytes(block))
                block.clear()
    write(bytes(block))


def _those_with(what: str) -> str:
    names: Sequence[str] = [name for name, report in REPORTS.items() if getattr(report, what)]
    return f"{', '.join(names[:-1])} and {names[-1]}"
