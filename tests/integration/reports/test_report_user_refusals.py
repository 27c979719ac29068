"""Whom make_report_user does not make, in one line each, and with nothing done."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from backend.reports.services import readers
from backend.reports.services.schema import ReportsError
from tests.integration.reports.conftest import execute, rows

pytestmark = pytest.mark.usefixtures("world")
REFUSED = {
    "pg_monitor": "PostgreSQL's own names",
    "public": "PostgreSQL's own names",
    "postgres": "PostgreSQL's own names",
    "x" * 64: "longer than 63 bytes",
    "owner of things": "owns table things",
    "member of others": "is a member of other roles",
    "powerful": "rights over the whole server",
    "reader of tables": "can read or write tracking_task",
    "Same": "is the user's name",
}


def refusal(username: str, *options: str, has_password: bool = True) -> str:
    login = {"REPORT_USERNAME": username, "REPORT_PASSWORD": "same" if has_password else ""}
    with override_settings(**login), pytest.raises(CommandError) as caught:
        call_command("make_report_user", *options, stdout=StringIO(), stderr=StringIO())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("username", REFUSED)
def test_a_name_that_is_somebody_elses_or_cannot_be_kept(username: str) -> None:
    execute("""
        CREATE ROLE "owner of things"; CREATE TABLE things (id int); ALTER TABLE things OWNER TO "owner of things";
        CREATE ROLE "member of others" IN ROLE pg_monitor; CREATE ROLE powerful CREATEDB;
        CREATE ROLE "reader of tables"; GRANT SELECT (code) ON tracking_task TO "reader of tables"
    """)
    before = rows("SELECT rolname, rolcanlogin FROM pg_roles ORDER BY 1")
    assert REFUSED[username] in refusal(username)
    assert rows("SELECT rolname, rolcanlogin FROM pg_roles ORDER BY 1") == before


def test_the_databases_own_user() -> None:
    assert "is the database's own user, or its owner" in refusal(connection.get_connection_params()["user"])


def test_an_unknown_organization_is_named_with_the_one_that_was_meant() -> None:
    assert "did you mean 'acme'?" in refusal("newcomer", "--organization=acne")


def test_without_a_password_the_setting_is_named() -> None:
    assert "set REPORT_USERNAME and REPORT_PASSWORD" in refusal("newcomer", has_password=False)


def test_before_the_reports_are_made_their_command_is_named() -> None:
    execute("DROP SCHEMA report CASCADE")
    assert "the reports are not made yet: run make_reports" in refusal("newcomer")


def test_where_we_do_not_own_the_database_it_says_what_a_superuser_must_run() -> None:
    database = connection.settings_dict["NAME"]
    execute(f"""
        GRANT TEMPORARY ON DATABASE "{database}" TO PUBLIC; CREATE ROLE tenant CREATEROLE;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO tenant; SET LOCAL ROLE tenant
    """)
    with pytest.raises(ReportsError) as caught:
        readers.plan("newcomer", "secret", ())
    revoke, *_, grant = str(caught.value).partition("let a superuser run ")[2].split("; ")
    assert revoke == f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"
    assert grant == f'GRANT TEMPORARY ON DATABASE "{database}" TO "tenant";'


def test_who_may_not_make_users_is_told_what_a_superuser_must_run() -> None:
    execute("CREATE ROLE tenant; GRANT SELECT ON ALL TABLES IN SCHEMA public TO tenant; SET LOCAL ROLE tenant")
    with pytest.raises(ReportsError, match='let a superuser run ALTER ROLE "tenant" CREATEROLE;'):
        readers.plan("newcomer", "secret", ())
