"""Every way from one status to another, tried on the row itself."""

from itertools import permutations
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from upkeep.operations.models import Run
from upkeep.operations.states import TRANSITIONS, Status

WRITE = "UPDATE upkeep_operations_run SET status = %s WHERE id = %s"
MERGE = """
INSERT INTO upkeep_operations_run SELECT * FROM upkeep_operations_run WHERE id = %s
    ON CONFLICT (id) DO UPDATE SET status = %s
"""
WRITTEN_BY_ANOTHER_TRIGGER = """
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.status = 'running'; RETURN new; END $$;
CREATE TRIGGER meddle BEFORE UPDATE ON upkeep_operations_run FOR EACH ROW EXECUTE FUNCTION meddle();
"""

pytestmark = pytest.mark.django_db


def run_that_is(status: Status) -> Run:
    return Run.objects.create(operation="testing.any", status=status)


@pytest.mark.parametrize(("before", "after"), list(permutations(Status, 2)))
def test_the_database_lets_pass_what_the_table_of_transitions_allows_and_nothing_else(
    before: Status, after: Status
) -> None:
    run = run_that_is(before)
    if (before, after) in TRANSITIONS:
        Run.objects.filter(pk=run.pk).update(status=after)
        run.refresh_from_db()
        assert run.status == after
        return
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Run.objects.filter(pk=run.pk).update(status=after)
    cause = refused.value.__cause__
    assert cause
    assert cause.diag.message_primary == f"run {run.pk} is {before} and cannot become {after}"  # type: ignore[attr-defined]
    assert cause.diag.constraint_name == "upkeep_run_status_transition"  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", Status)
def test_a_run_that_stays_what_it_is_can_be_written(status: Status) -> None:
    run = run_that_is(status)
    run.error = "no"
    run.save()
    assert Run.objects.get().error == "no"


def test_whoever_writes_a_transition_that_is_not_allowed_is_refused() -> None:
    run = run_that_is(Status.SUCCEEDED)
    run.status = Status.RUNNING
    with pytest.raises(IntegrityError, match="is succeeded and cannot become running"), transaction.atomic():
        run.save()
    with pytest.raises(IntegrityError, match="is succeeded and cannot become running"), transaction.atomic():
        Run.objects.bulk_update([run], ["status"])
    with connection.cursor() as cursor:
        for statement, values in ((WRITE, ("running", run.pk)), (MERGE, (run.pk, "running"))):
            with pytest.raises(IntegrityError, match="is succeeded and cannot become running"), transaction.atomic():
                cursor.execute(statement, values)
        cursor.execute(WRITTEN_BY_ANOTHER_TRIGGER)
    with pytest.raises(IntegrityError, match="is succeeded and cannot become running"), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(error="no")


def test_one_refused_row_refuses_the_statement() -> None:
    queued, ended = run_that_is(Status.QUEUED), run_that_is(Status.SUCCEEDED)
    with pytest.raises(IntegrityError, match=f"run {ended.pk} is succeeded"), transaction.atomic():
        Run.objects.filter(pk__in=[queued.pk, ended.pk, uuid4()]).update(status=Status.RUNNING)
    assert Run.objects.get(pk=queued.pk).status == Status.QUEUED


@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_undone_and_done_again() -> None:
    app, run = "upkeep_operations", run_that_is(Status.SUCCEEDED)
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes(app)
    try:
        MigrationExecutor(connection).migrate([(app, "0002_run_follows")])
        with connection.cursor() as cursor:
            cursor.execute(WRITE, ["running", run.pk])
    finally:
        MigrationExecutor(connection).migrate(latest)
    with pytest.raises(IntegrityError, match="is running and cannot become skipped"):
        Run.objects.filter(pk=run.pk).update(status=Status.SKIPPED)
