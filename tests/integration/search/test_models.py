import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from backend.search import checks
from backend.search.models import TaskVector
from backend.tracking.models import Task
from tests.integration.tracking import factories

pytestmark = pytest.mark.django_db


def vector(task: Task) -> TaskVector:
    return TaskVector.objects.create(
        task=task, project=task.tracker.project, is_finished=True, model="m", content_hash=task.pk, vector=[0.6, 0.8]
    )


def test_a_vector_goes_with_its_task_however_that_goes() -> None:
    tracker = factories.tracker()
    tasks = [Task.objects.create(tracker=tracker, code=str(number), title="t") for number in range(3)]
    for task in tasks:
        vector(task)
    tasks[0].delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tracking_task WHERE id = %s", [tasks[1].pk])
    assert list(TaskVector.objects.values_list("pk", flat=True)) == [tasks[2].pk]
    tracker.project.organization.delete()
    assert not TaskVector.objects.exists()


def test_pgvector_that_is_too_old_is_an_error_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_pgvector() == []
    monkeypatch.setattr(checks, "LEAST", "99.0")
    [error] = checks.check_pgvector()
    assert error.hint is not None
    assert "ALTER EXTENSION vector UPDATE" in error.hint


def test_a_role_that_may_not_create_pgvector_is_told_what_a_superuser_must_run() -> None:
    migration = MigrationLoader(connection).get_migration("search", "0001_initial")
    extension = migration.operations[0]
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION vector CASCADE; CREATE ROLE humble; SET LOCAL ROLE humble")
    with (
        pytest.raises(CommandError, match=r"permission denied .*: install it .*superuser: CREATE EXTENSION vector;"),
        connection.schema_editor(atomic=True) as editor,
    ):
        extension.database_forwards("search", editor, ProjectState(), ProjectState())
