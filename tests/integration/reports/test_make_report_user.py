"""What the users that make_report_user makes can do: asked from connections of their own, on committed data."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from psycopg import sql
from pytest_django import DjangoDbBlocker

from backend.collection.models import DVD
from backend.reports.models import LimitedReader
from backend.reports.services import definitions
from backend.tracking.models import Organization
from tasks.reports.make_report_user import MakeReportUser, make_report_user
from tasks.reports.make_reports import MakeReports, make_reports
from tests.integration.reports.conftest import execute
from tests.integration.reports.world import World
from upkeep import testing
from upkeep.operations.models import Run

pytestmark = pytest.mark.django_db(transaction=True, available_apps=["tasks"])  # which has no tables to be emptied
ALL = 'grafana "x"; drop table y'
LIMITED = "accountant of acme"
PASSWORD = "gehëim 42"
VIEWS = [view.name for view in definitions.all_views()]


def make(username: str, *codes: str, password: str = PASSWORD) -> None:
    with override_settings(REPORT_USERNAME=username, REPORT_PASSWORD=password):
        testing.run(make_report_user, MakeReportUser(organization=codes))


def ask(username: str, query: str, *params: Any, password: str = PASSWORD) -> list[tuple[Any, ...]]:
    """What a query gives to a user, on a connection of their own."""
    own = connection.get_connection_params()
    address = {name: own[name] for name in ("host", "port", "dbname")}
    with psycopg.connect(**address, user=username, password=password) as theirs:
        cursor = theirs.execute(query, params or None)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module", autouse=True)
def _committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:  # noqa: ARG001
    with django_db_blocker.unblock():
        try:
            execute("DROP SCHEMA IF EXISTS report CASCADE")
            testing.run(make_reports, MakeReports())
            World()
            make(ALL)
            make(LIMITED, "acme")
            yield
        finally:
            execute("RESET ROLE; DROP SCHEMA IF EXISTS report CASCADE")
            for role in (ALL, LIMITED):
                forget(role)
            for model in (Organization, DVD, Run, LimitedReader):
                model.objects.all().delete()
            connection.close()


@pytest.fixture
def _no_reports() -> None:
    """Here they are committed, once for all tests."""


def forget(role: str) -> None:
    with suppress(Exception), connection.cursor() as cursor:
        for statement in ("DROP OWNED BY {}", "DROP ROLE {}"):
            cursor.execute(sql.SQL(statement).format(sql.Identifier(role)))


@pytest.mark.parametrize("view", VIEWS)
def test_they_read_every_view_and_a_limited_one_only_rows_of_their_organizations(view: str) -> None:
    query = sql.SQL("SELECT * FROM report.{}").format(sql.Identifier(view)).as_string()
    everything, theirs = ask(ALL, query), ask(LIMITED, query)
    ours = connection.get_connection_params()
    assert sorted(everything, key=repr) == sorted(ask(ours["user"], query, password=ours["password"]), key=repr)
    if view in ("dvd", "operation_run"):
        assert (bool(everything), theirs) == (True, [])
    else:
        assert theirs
        assert {*theirs} < {*everything} or view in ("assignee", "unmatched_work")
        assert "umbra" not in repr(theirs)


FORBIDDEN = {
    "a table": "SELECT * FROM public.tracking_task",
    "the parameters of runs": "SELECT params FROM upkeep_operations_run",
    "who is limited": "SELECT * FROM reports_limitedreader",
    "to write": "UPDATE report.task SET title = 'x'",
    "to delete": "DELETE FROM report.dvd",
    "a table of their own": "CREATE TABLE mine (id int)",
    "a table of their own in the reports": "CREATE TABLE report.mine (id int)",
    "a temporary table": "CREATE TEMPORARY TABLE mine (id int)",
    "a schema": "CREATE SCHEMA mine",
    "a function": "CREATE FUNCTION public.leak(text) RETURNS bool LANGUAGE sql COST 0.0001 AS 'SELECT true'",
    "a temporary function": "CREATE FUNCTION pg_temp.leak(text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
    "a large object": "SELECT lo_create(0)",
    "a large object of bytes": "SELECT lo_from_bytea(0, 'x')",
    "a large object of old": "SELECT lo_creat(-1)",
    "a file": "SELECT pg_read_file('/etc/passwd')",
    "a program": "COPY report.task TO PROGRAM 'cat'",
    "others' passwords": "SELECT * FROM pg_authid",
    "another role": "SET ROLE upkeep",
}


@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("username", [ALL, LIMITED])
def test_nothing_else_is_theirs(username: str, what: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
        ask(username, FORBIDDEN[what])


def test_others_statistics_and_queries_are_hidden() -> None:
    execute("ANALYZE tracking_task, tracking_workentry")
    assert ask(ALL, "SELECT count(*) FROM pg_stats WHERE schemaname = 'public'") == [(0,)]
    shown = ask(LIMITED, "SELECT query FROM pg_stat_activity WHERE usename <> session_user")
    assert {query for (query,) in shown} <= {"<insufficient privilege>", None, ""}
    [(definers,)] = ask(ALL, """
        SELECT count(*) FROM pg_proc WHERE prosecdef AND has_function_privilege(oid, 'EXECUTE')
    """)  # fmt: skip
    assert definers == 0


def test_a_condition_that_fails_on_hidden_rows_says_nothing_of_them() -> None:
    """Without the barrier it would be tried on rows before they are left out, and its error would show them."""
    hidden = "SELECT count(*) FROM report.work WHERE 1 / (CASE WHEN text = 'night' THEN 0 ELSE 1 END) = 1"
    assert ask(LIMITED, hidden) == [(4,)]
    with pytest.raises(psycopg.errors.DivisionByZero):
        ask(ALL, hidden)


def test_a_limit_survives_another_name_and_the_end_of_the_organization() -> None:
    renamed = "renamed"
    execute(f'ALTER ROLE "{LIMITED}" RENAME TO {renamed}')
    try:
        assert ask(renamed, "SELECT DISTINCT organization_code FROM report.task") == [("acme",)]
        LimitedReader.objects.update(organization_ids=[])
        assert ask(renamed, "SELECT count(*) FROM report.task") == [(0,)]
    finally:
        execute(f'ALTER ROLE {renamed} RENAME TO "{LIMITED}"')
        make(LIMITED, "acme")


def test_they_keep_access_to_views_that_are_made_anew() -> None:
    execute("DROP VIEW report.dvd; CREATE VIEW report.dvd AS SELECT 1 AS other; DROP VIEW report.task")
    testing.run(make_reports, MakeReports())
    assert ask(ALL, "SELECT (SELECT count(*) FROM report.task), (SELECT count(*) FROM report.dvd)") == [(3, 1)]


def test_again_it_sets_the_password_and_the_organizations() -> None:
    make(LIMITED, "umbra", password="another")
    try:
        with pytest.raises(psycopg.OperationalError):
            ask(LIMITED, "SELECT 1")
        found = ask(LIMITED, "SELECT DISTINCT organization_code FROM report.task", password="another")
        assert found == [("umbra",)]
        make(LIMITED)
        assert ask(LIMITED, "SELECT count(*) FROM report.operation_run")[0][0] > 0
    finally:
        make(LIMITED, "acme")


def test_the_password_is_in_no_log_and_in_no_run() -> None:
    secret = "never-shown-anywhere"
    execute("SET log_statement = 'all'")
    try:
        make(LIMITED, "acme", password=secret)
    finally:
        execute("RESET log_statement")
        make(LIMITED, "acme")
    log = (Path(settings.UPKEEP_HOME) / "postgresql" / "server.log").read_text(encoding="utf-8")
    assert "SCRAM-SHA-256$4096:" in log
    assert secret not in log
    run = Run.objects.filter(operation="reports.make_report_user").latest("created_at")
    assert secret not in repr([run.__dict__, *run.changes.values(), *run.log.values()])
