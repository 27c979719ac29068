"""The views of the reports beside the same queries on the bare tables: 50 organizations, five years of work."""

from collections.abc import Iterator
from functools import partial

from django.db import connection
from psycopg import sql

from backend.reports.services import queries, shown
from tasks.reports.make_reports import MakeReports, make_reports
from tests.benchmarks import child
from tests.benchmarks.pairs import measured, seconds
from tests.benchmarks.report import Row, at_most
from tests.benchmarks.work import empty
from upkeep.operations.runner import execute

ORGANIZATIONS = 50
DAYS = 5 * 365
ONE = "org7"
FILL = """
    INSERT INTO tracking_organization (id, code, name, time_zone, default_username)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'org' || n, 'An organization',
        (ARRAY['Europe/Vienna', 'UTC'])[1 + mod(n, 2)], ''
    FROM generate_series(1, %(organizations)s) AS n;
    INSERT INTO tracking_project (id, organization_id, code, name)
    SELECT id, id, 'app', 'App' FROM tracking_organization;
    INSERT INTO tracking_tracker (id, project_id, name, place, api_kind, api_location, encrypted_username,
        encrypted_token, custom_assignee_fields, task_fields, merge_requests, user_mapping, position,
        project_external_id, pages)
    SELECT id, id, 'all', 0, '', '', '', '', '{}', '{}', false, '', '', '', '{}' FROM tracking_project;
    INSERT INTO accounts_user (username, email, password, first_name, last_name, full_name, is_active, is_staff,
        is_superuser, date_joined)
    SELECT 'member' || n, '', '', '', '', 'Member', true, false, false, now() FROM generate_series(1, 400) AS n;
    INSERT INTO tracking_externaluser (id, tracker_id, external_id, username, name, email, user_id, former_names)
    SELECT lpad(to_hex(row_number() OVER (ORDER BY id)), 32, '0')::uuid,
        lpad(to_hex(1 + mod(id, %(organizations)s)), 32, '0')::uuid, id, username, '', '', id, '{}' FROM accounts_user;
    INSERT INTO tracking_task (id, tracker_id, external_id, code, title, description, url, state, closed_at, estimate)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + mod(n, %(organizations)s)), 32, '0')::uuid, n, '#' || n,
        'A task of some words ' || n, '', '', 'closed', timestamptz '2025-01-01 12:00Z', 4
    FROM generate_series(1, %(tasks)s) AS n;
    INSERT INTO tracking_workentry (id, tracker_id, external_id, external_user_id, breadcrumb, text, started_at,
        duration, external_task)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + mod(n, %(organizations)s)), 32, '0')::uuid, n,
        lpad(to_hex(1 + mod(n * 7, 400)), 32, '0')::uuid, 'Customer / Project / Development',
        'Did more of what was to do for number ' || n, timestamptz '2021-01-01Z' + n * %(step)s * interval '1 second',
        interval '45 minutes', ''
    FROM generate_series(1, %(entries)s) AS n;
    INSERT INTO tracking_entrymatch (entry_id, project_id, task_id)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(1 + mod(n, %(organizations)s)), 32, '0')::uuid,
        lpad(to_hex(1 + mod(n::bigint * 7919, %(tasks)s)), 32, '0')::uuid
    FROM generate_series(1, %(entries)s) AS n WHERE mod(n, 10) < 8
"""
MONTHS = """
    SELECT username, date_trunc('month', local_date::timestamp), sum(duration_in_hours) FROM report.work GROUP BY 1, 2
"""
BARE_MONTHS = """
    SELECT external_user_id, date_trunc('month', started_at), sum(extract(epoch FROM duration) / 3600)
    FROM tracking_entrymatch AS match JOIN tracking_workentry AS entry ON entry.id = match.entry_id
    WHERE task_id IS NOT NULL GROUP BY 1, 2
"""
ONE_MONTH = f"""
    SELECT username, sum(duration_in_hours) FROM report.work WHERE organization_code = '{ONE}'
        AND started_at >= timestamptz '2024-02-29 23:00Z' AND started_at < timestamptz '2024-03-31 22:00Z' GROUP BY 1
"""  # noqa: S608
ALL_MONTHS = "SELECT username, sum(duration_in_hours) FROM report.work GROUP BY 1"
COUNTS = {
    "task": "tracking_task",
    "work": "tracking_entrymatch WHERE task_id IS NOT NULL",
    "unmatched_work": """tracking_workentry AS entry LEFT JOIN tracking_entrymatch AS match ON match.entry_id = entry.id
        WHERE match.task_id IS NULL""",
    "contribution": """(
        SELECT match.task_id, person.user_id
        FROM tracking_entrymatch AS match JOIN tracking_workentry AS entry ON entry.id = match.entry_id
        LEFT JOIN tracking_externaluser AS person ON person.id = entry.external_user_id
        WHERE match.task_id IS NOT NULL GROUP BY 1, 2) AS contribution""",
}


def speed(*, quick: bool) -> Iterator[Row]:
    """Monthly work, counts, and one month of one organization."""
    entries, tasks, rounds = (100_000, 10_000, 3) if quick else (1_000_000, 100_000, 7)
    fill(entries, tasks)
    months = measured(rounds, partial(_query, MONTHS), partial(_query, BARE_MONTHS))
    yield Row(
        "report.work: hours a member and month", f"the same GROUP BY on the bare table, {entries:,} entries",
        months.slower, goal=at_most(1.5), ours=f"{months.ours:.2f} s", other=f"{months.other:.2f} s",
    )  # fmt: skip
    for view, bare in COUNTS.items():
        ours, theirs = f"SELECT count(*) FROM report.{view}", f"SELECT count(*) FROM {bare}"  # noqa: S608
        counted = measured(rounds, partial(_query, ours), partial(_query, theirs))
        yield Row(
            f"report.{view}: count(*)", "the same by hand on the bare tables",
            counted.slower, goal=at_most(2), ours=f"{counted.ours:.2f} s", other=f"{counted.other:.2f} s",
        )  # fmt: skip
    month = measured(rounds, partial(_query, ONE_MONTH), partial(_query, ALL_MONTHS))
    yield Row(
        "report.work: a month of an organization", f"all months of {ORGANIZATIONS} organizations",
        month.slower, goal=at_most(0.05), ours=f"{1000 * month.ours:.0f} ms", other=f"{month.other:.2f} s",
    )  # fmt: skip


def export(*, quick: bool) -> Iterator[Row]:
    """The report with most rows, as CSV beside COPY of the same query; and the command's memory."""
    entries, tasks, rounds = (100_000, 10_000, 3) if quick else (1_000_000, 100_000, 3)
    fill(entries, tasks)
    report = "contributions"
    selection = shown.selected(report, organization=None, since=None, until=None, unit=None)
    ours = partial(shown.write_csv, report, selection, len)
    copied = measured(rounds, lambda: seconds(ours), partial(_copy, queries.query(report, selection)))
    yield Row(
        f"show_report {report} --format csv", f"COPY (SELECT …) TO STDOUT, {entries:,} entries",
        copied.slower, goal=at_most(2), ours=f"{copied.ours:.1f} s", other=f"{copied.other:.1f} s",
    )  # fmt: skip
    ended = child.manage("show_report", report, "--format", "csv")
    lines = ended.output.count("\n")
    yield Row("manage.py show_report --format csv", f"{lines:,} rows", ended.megabytes, "MB", at_most(150))


def fill(entries: int, tasks: int) -> None:
    """Let there be these work entries and tasks, of which each tenth or fifth is not matched, and the views."""
    empty()
    step = DAYS * 24 * 3600 // entries
    values = {"organizations": ORGANIZATIONS, "entries": entries, "tasks": tasks, "step": step}
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement, {name: values[name] for name in values if f"%({name})s" in statement})
        cursor.execute(
            "VACUUM ANALYZE tracking_organization, tracking_project, tracking_tracker, tracking_externaluser"
        )
        cursor.execute("VACUUM ANALYZE tracking_task, tracking_workentry, tracking_entrymatch, accounts_user")
    execute(make_reports, MakeReports())


def _query(query: str) -> float:
    with connection.cursor() as cursor:
        return seconds(lambda: cursor.execute(query))


def _copy(query: sql.Composable) -> float:
    def copy() -> None:
        with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as rows:
            for _ in rows:
                pass

    return seconds(copy)
