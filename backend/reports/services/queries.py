"""The reports that `show_report` shows: queries on the views, as anybody could write them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from psycopg import sql

from backend.reports.kernel.selection import Bounds, Selection
from upkeep.formulas import FORMULA

MEMBER = "coalesce(username, external_username || ' (no user)', '(unknown)')"
WORK = """
    SELECT {period} AS period, organization_code AS organization, {member} AS member,
        round(sum(duration_in_hours), 2) AS hours
    FROM report.work WHERE {where} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
ESTIMATES = """
    SELECT organization_code AS organization, project_code AS project, code, title, finished_at,
        round(estimated_hours, 2) AS estimated_hours, round(worked_hours, 2) AS worked_hours,
        round(worked_hours / nullif(estimated_hours, 0), 2) AS ratio
    FROM report.task WHERE is_finished AND estimated_hours IS NOT NULL AND {where} ORDER BY 1, 2, finished_at, code
"""
CONTRIBUTIONS = """
    SELECT organization, project, code, title, member, round(hours, 2) AS hours,
        round(hours / nullif(sum(hours) OVER (PARTITION BY task_id), 0), 4) AS share
    FROM (
        SELECT work.task_id, task.organization_code AS organization, task.project_code AS project, task.code,
            task.title, {member} AS member, sum(work.duration_in_hours) AS hours
        FROM report.work AS work JOIN report.task AS task USING (task_id) WHERE {work_where} GROUP BY 1, 2, 3, 4, 5, 6
    ) AS contribution ORDER BY 1, 2, length(code), code, task_id, hours DESC, member
"""
UNMATCHED = """
    SELECT {period} AS period, organization_code AS organization, project_code AS project, tracker, reason, code,
        count(*) AS entries, round(sum(duration_in_hours), 2) AS hours
    FROM report.unmatched_work WHERE {where} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""
OPERATIONS = """
    SELECT {period} AS period, operation, status, count(*) AS runs, round(avg(seconds), 1) AS average_seconds,
        round(max(seconds), 1) AS longest_seconds, sum(processed)::bigint AS processed, sum(failed)::bigint AS failed
    FROM report.operation_run WHERE NOT dry_run AND {where} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Report:
    """One of the reports."""

    query: str
    texts: tuple[str, ...]
    """Columns that hold texts of others, which a spreadsheet could take for formulas."""
    has_periods: bool = False
    """Whether it goes by month, week or day."""
    has_organizations: bool = True
    """Whether its rows belong to organizations, in whose time zones days are."""


REPORTS: Mapping[str, Report] = {
    "work": Report(WORK, ("organization", "member"), has_periods=True),
    "estimates": Report(ESTIMATES, ("organization", "project", "code", "title")),
    "contributions": Report(CONTRIBUTIONS, ("organization", "project", "code", "title", "member")),
    "unmatched": Report(UNMATCHED, ("organization", "project", "tracker", "code"), has_periods=True),
    "operations": Report(OPERATIONS, ("operation",), has_periods=True, has_organizations=False),
}


def query(name: str, selection: Selection) -> sql.Composed:
    """The report's query, without parameters: what COPY wants."""
    moment = {"estimates": "finished_at", "operations": "created_at"}.get(name, "started_at")
    day = "local_date" if REPORTS[name].has_organizations else f"{moment} AT TIME ZONE {{zone}}"
    return sql.SQL(REPORTS[name].query).format(
        period=sql.SQL(f"date_trunc({{unit}}, ({day})::timestamp)::date").format(
            unit=sql.Literal(str(selection.unit)), zone=sql.Literal(settings.TIME_ZONE)
        ),
        member=sql.SQL(MEMBER),
        where=_where(name, selection, sql.Identifier(moment), sql.Identifier("organization_code")),
        work_where=_where(name, selection, sql.Identifier("work", moment), sql.Identifier("work", "organization_code")),
    )


def guarded(name: str, query: sql.Composable, columns: Sequence[str]) -> sql.Composed:
    """The query, whose texts have an apostrophe where a spreadsheet would take them for a formula."""
    pattern = sql.Literal(rf"^\s*{FORMULA.pattern}")
    fields = [
        sql.SQL("CASE WHEN {0} ~ {1} THEN '''' || {0} ELSE {0} END AS {0}").format(sql.Identifier(column), pattern)
        if column in REPORTS[name].texts
        else sql.Identifier(column)
        for column in columns
    ]
    return sql.SQL("SELECT {} FROM ({}) AS report").format(sql.SQL(", ").join(fields), query)


def _where(name: str, selection: Selection, moment: sql.Composable, code: sql.Composable) -> sql.Composable:
    if not REPORTS[name].has_organizations:
        [*found] = _between(moment, *selection.of_zone(ZoneInfo(settings.TIME_ZONE)))
        return _all(found)
    bounds = selection.bounds()
    if not selection.has_days:
        return sql.SQL("true") if selection.is_whole else _of(code, [*selection.zones])
    alternatives = [_all([_of(code, each.organizations), *_between(moment, each.start, each.end)]) for each in bounds]
    widest = _between(moment, _first(bounds, lambda each: each.start, min), _first(bounds, lambda each: each.end, max))
    return _all([*widest, sql.SQL("({})").format(sql.SQL(" OR ").join(alternatives))] if bounds else [sql.SQL("false")])


def _first(
    bounds: Sequence[Bounds], of: Callable[[Bounds], datetime | None], choose: Callable[[list[datetime]], datetime]
) -> datetime | None:
    found = [moment for moment in map(of, bounds) if moment]
    return choose(found) if found else None


def _of(code: sql.Composable, codes: Sequence[str]) -> sql.Composable:
    if len(codes) == 1:
        return sql.SQL("{} = {}").format(code, sql.Literal(codes[0]))
    return sql.SQL("{} = ANY({})").format(code, sql.Literal(list(codes)))


def _between(moment: sql.Composable, start: datetime | None, end: datetime | None) -> Iterator[sql.Composable]:
    if start:
        yield sql.SQL("{} >= {}").format(moment, sql.Literal(start))
    if end:
        yield sql.SQL("{} < {}").format(moment, sql.Literal(end))


def _all(conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL("({})").format(sql.SQL(" AND ").join(conditions)) if conditions else sql.SQL("true")
