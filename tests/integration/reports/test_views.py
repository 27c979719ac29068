"""What the views say."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Sum

from backend.reports import checks
from backend.reports.services import promises
from backend.tracking.models import WorkEntry
from tests.integration.reports.conftest import execute, rows
from tests.integration.reports.world import DOWNLOADED, EVENING, World

REST = "'' AS username, now() AS as_of"


def test_the_views_are_what_the_contract_promises(world: World) -> None:
    assert [*promises.broken_columns(), *promises.broken_rows()] == []
    assert world.run.pk in [pk for (pk,) in rows("SELECT run_id FROM report.operation_run")]


@pytest.mark.usefixtures("world")
def test_a_demo_keeps_the_promises_and_its_sums_agree() -> None:
    call_command("make_demo_organization", "--tasks=30", "--work-entries=300", verbosity=0)
    assert [*promises.broken_rows()] == []
    hours = WorkEntry.objects.aggregate(total=Sum("duration"))["total"].total_seconds() / 3600
    [(work, unmatched)] = rows("""
        SELECT (SELECT sum(duration_in_hours) FROM report.work),
            (SELECT sum(duration_in_hours) FROM report.unmatched_work)
    """)
    assert float(work + unmatched) == pytest.approx(hours)
    assert rows("""
        SELECT task_id FROM report.task
        FULL JOIN (SELECT task_id, sum(hours) AS hours FROM report.contribution GROUP BY 1) AS given USING (task_id)
        WHERE worked_hours IS DISTINCT FROM coalesce(given.hours, 0)
    """) == []  # fmt: skip


def test_a_task_has_its_hours_and_a_moved_one_is_not_finished(world: World) -> None:
    [(*_, hours, first, last), moved] = rows("""
        SELECT is_finished, finished_at, estimated_hours, round(worked_hours, 6), first_worked_at, last_worked_at
        FROM report.task WHERE organization_code = 'acme' ORDER BY code
    """)
    assert (hours, first, last) == (Decimal("1.976190"), EVENING, EVENING)
    assert moved == (False, None, None, 0, None, None)
    assert world.moved.closed_at


@pytest.mark.usefixtures("world")
def test_a_day_is_one_of_the_organizations_own_zone() -> None:
    found = rows("SELECT organization_code, local_date, as_of FROM report.work GROUP BY 1, 2, 3 ORDER BY 1")
    assert found == [("acme", date(2026, 4, 1), DOWNLOADED), ("umbra", date(2026, 3, 31), DOWNLOADED)]


@pytest.mark.usefixtures("world")
def test_work_without_a_task_says_why() -> None:
    found = rows("SELECT text, reason, code FROM report.unmatched_work ORDER BY text")
    assert found == [("lost", "no_such_task", "#404"), ("lunch", "no_rule", None)]


def test_those_who_are_not_users_share_one_row_of_a_task(world: World) -> None:
    found = rows("""
        SELECT username, round(hours, 3), round(share, 3) FROM report.contribution WHERE task_id = %s ORDER BY 1
    """, world.task.pk)  # fmt: skip
    assert found == [("ann", Decimal("1.500"), Decimal("0.759")), (None, Decimal("0.476"), Decimal("0.241"))]
    assert rows("SELECT task_id, username FROM report.assignee") == [(world.task.pk, "ann")]


def test_a_run_is_there_without_its_parameters(world: World) -> None:
    [found] = rows("SELECT row_to_json(run) FROM report.operation_run AS run WHERE run_id = %s", world.run.pk)
    assert "hidden parameter" not in str(found)
    shown = {name: found[0][name] for name in ("trigger", "seconds", "updated", "deleted", "attempts", "reasons")}
    expected = {"trigger": "beat", "seconds": 90, "updated": 2, "deleted": 0, "attempts": 2}
    assert shown == {**expected, "reasons": {"failed": {"not_found": 1}}}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("DROP VIEW report.dvd", "there is no view report.dvd"),
        ("ALTER VIEW report.dvd RENAME COLUMN title TO name", "report.dvd lacks the column title"),
        (
            f"DROP VIEW report.assignee; CREATE VIEW report.assignee AS SELECT 1 AS task_id, {REST}",
            "report.assignee.task_id is integer, not uuid",
        ),
        ("UPDATE upkeep_operations_run SET attempt = attempt", ""),
        (
            "UPDATE collection_dvd SET status = 'eaten'",
            "report.dvd.status is something else than kept, disposed, unboxed",
        ),
        (
            f"CREATE OR REPLACE VIEW report.assignee AS SELECT NULL::uuid AS task_id, {REST}, generate_series(1, 2)",
            "report.assignee has several rows of one task_id, username",
        ),
    ],
)
def test_doctor_says_which_promise_is_broken(statement: str, line: str) -> None:
    execute(statement)
    found = [problem.msg for problem in checks.check_views()]
    assert (not found) if not line else any(line in message for message in found)


@pytest.mark.usefixtures("world")
def test_doctor_names_what_others_have_built() -> None:
    execute("CREATE VIEW mine AS SELECT code FROM report.task")
    assert [problem.msg for problem in checks.check_views()] == ["Others have built on report.task: view mine."]
