"""Making the views anew, whatever they were before, and dropping them."""

from collections.abc import Sequence
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.signals import post_migrate, pre_migrate
from django.dispatch import Signal

from backend.reports.services import catalogue, definitions, schema
from backend.reports.services.schema import ReportsError
from tasks.reports.clear_reports import ClearReports, clear_reports
from tasks.reports.make_reports import MakeReports, make_reports
from tests.integration.reports.conftest import execute, rows
from upkeep import testing
from upkeep.operations.models import RunChange

pytestmark = pytest.mark.django_db
NAMES = {view.name for view in definitions.all_views()}
OLD = {
    "renamed": "SELECT task_id AS id, username, as_of FROM report.work",
    "retyped": "SELECT task_id::text, username, as_of FROM report.work",
    "reordered": "SELECT username, task_id, as_of FROM report.work",
    "dropped": "SELECT task_id, username, as_of, text FROM report.work",
}
"""What `report.assignee` was before."""


@pytest.fixture(autouse=True)
def _made() -> None:
    made()
    execute("CREATE ROLE reader; CREATE ROLE other; GRANT USAGE ON SCHEMA report TO reader, other")


def made(*, cascade: bool = False, dry_run: bool = False) -> Any:
    return testing.run(make_reports, MakeReports(cascade=cascade), dry_run=dry_run).counts


def before(query: str) -> None:
    execute(f"DROP VIEW report.assignee; CREATE VIEW report.assignee AS {query}")


def columns() -> list[str]:
    return [name for name, _, _ in catalogue.stored(["assignee"])["assignee"].columns]


def test_a_second_time_nothing_changes() -> None:
    assert made()["unchanged"] == len(NAMES)


@pytest.mark.parametrize("case", OLD)
def test_columns_that_were_other_ones_are_what_they_should_be_and_grants_survive(case: str) -> None:
    before(OLD[case])
    execute("""
        GRANT SELECT ON report.assignee TO reader WITH GRANT OPTION;
        GRANT SELECT (username) ON report.assignee TO other, PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA report GRANT SELECT ON TABLES TO other
    """)
    granted = {*catalogue.grants("assignee")}
    counts = made()
    assert (counts["updated"], counts["unchanged"]) == (1, len(NAMES) - 1)
    assert columns() == ["task_id", "username", "as_of"]
    assert {*catalogue.grants("assignee")} == granted
    assert made()["unchanged"] == len(NAMES)


def test_a_new_column_at_the_end_leaves_what_others_have_built() -> None:
    before("SELECT task_id, username FROM report.work")
    execute("CREATE VIEW mine AS SELECT username FROM report.assignee")
    assert made()["updated"] == 1
    assert rows("SELECT * FROM mine") == []


def test_what_others_have_built_is_named_and_nothing_is_touched() -> None:
    before(OLD["renamed"])
    execute("""
        CREATE VIEW mine AS SELECT id FROM report.assignee;
        CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM mine;
        CREATE TABLE kept (of report.assignee[]);
        COMMENT ON VIEW report.task IS 'old'
    """)
    with pytest.raises(ReportsError, match=r"column of of table kept, materialized view sums, view mine\. .*--cascade"):
        made()
    assert columns() == ["id", "username", "as_of"]
    assert catalogue.stored(["task"])["task"].comment == "old"
    counts = made(cascade=True)
    assert (counts["updated"], counts["deleted"]) == (2, 3)
    assert rows("SELECT to_regclass('mine'), to_regclass('sums')") == [(None, None)]


def test_a_dry_run_says_what_is_new_changed_and_unchanged_and_changes_nothing() -> None:
    before(OLD["retyped"])
    execute("DROP VIEW report.dvd")
    call_command("make_reports", "--dry-run", "--verbose", stdout=(out := StringIO()), stderr=StringIO())
    assert "7 views: 1 new, 1 changed, 5 unchanged" in out.getvalue()
    assert "task_id: 'text' → 'uuid'" in out.getvalue()
    found = RunChange.objects.get(key="assignee", action="updated").fields
    assert found["task_id"] == ["text", "uuid"]
    assert "username" not in found
    assert "dvd" not in catalogue.stored(NAMES)
    assert rows("SELECT count(*) FROM pg_class WHERE relname LIKE 'upkeep_candidate%%'") == [(0,)]


def test_a_table_in_the_place_of_a_view_is_one_line() -> None:
    execute("DROP VIEW report.dvd; CREATE TABLE report.dvd (id int)")
    with pytest.raises(ReportsError, match=r"report\.dvd is there, and is not a view"):
        made()


def test_who_may_not_create_is_told_what_the_owner_must_run() -> None:
    execute("DROP SCHEMA report CASCADE; SET LOCAL ROLE reader")
    with pytest.raises(
        ReportsError, match=r'reader may not create views .* GRANT CREATE ON DATABASE ".+" TO "reader";'
    ):
        schema.check_permission()


def test_clearing_keeps_what_others_have_built_on() -> None:
    execute("CREATE VIEW mine AS SELECT code FROM report.task")
    counts = testing.run(clear_reports, ClearReports())
    assert (counts.counts["deleted"], counts.reasons) == (len(NAMES) - 1, {"skipped": {"in_use": 1}})
    assert {*catalogue.stored(NAMES)} == {"task"}
    assert "view mine" in RunChange.objects.get(action="skipped").label
    cascade = testing.run(clear_reports, ClearReports(cascade=True))
    assert cascade.counts["deleted"] == 2
    assert catalogue.has_schema()
    assert catalogue.stored(NAMES) == {}


def test_clearing_wants_to_be_confirmed() -> None:
    with pytest.raises(CommandError):
        call_command("clear_reports", stdout=StringIO(), stderr=StringIO())
    assert {*catalogue.stored(NAMES)} == NAMES
    assert connection.in_atomic_block


def migrating(signal: Signal, plan: Sequence[str] = ()) -> None:
    """What `migrate` tells the app."""
    app = apps.get_app_config("reports")
    signal.send(app, app_config=app, using="default", plan=plan, verbosity=0, interactive=False, apps=apps)


def test_views_step_aside_for_migrations_and_come_back_with_their_grants() -> None:
    execute("GRANT SELECT ON report.dvd TO reader; CREATE VIEW mine AS SELECT code FROM report.task")
    granted = catalogue.grants("dvd")
    migrating(pre_migrate, plan=["a migration"])
    assert {*catalogue.stored(NAMES)} == {"task"}
    migrating(post_migrate)
    assert {*catalogue.stored(NAMES)} == NAMES
    assert catalogue.grants("dvd") == granted


def test_a_migrate_without_anything_to_do_leaves_the_views_alone() -> None:
    before = catalogue.stored(NAMES)
    migrating(pre_migrate)
    assert catalogue.stored(NAMES) == before
