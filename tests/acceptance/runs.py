"""Runs as a test sends and watches them."""

from typing import Any
from uuid import UUID

from celery import Celery

from tests.acceptance.polling import MAX_SECONDS, until
from upkeep.operations.models import Run
from upkeep.operations.states import ENDED

NORMALIZE = "collection.normalize_uk_certifications"
CLEANUP = "collection.cleanup_unused_posters"
REFRESH = "collection.refresh_missing_details"
INCREMENT = "testing.increment_rows"
"""Known to the processes alone, not to the app of the tests: its messages are sent past `apply_async`."""


def sent(app: Celery, name: str, **kwargs: Any) -> str:
    """The id of a message that was sent past `apply_async`."""
    return str(app.send_task(name, kwargs=kwargs).id)


def ended(run_id: str | UUID, seconds: float = MAX_SECONDS) -> Run:
    """The run, once it has ended."""
    return until(lambda: Run.objects.filter(pk=run_id, status__in=ENDED).first(), seconds, why=f"{run_id} did not end")


def running(run_id: str | UUID) -> Run:
    """The run, once an executor has it."""
    return until(Run.objects.filter(pk=run_id, status="running").first, why=f"{run_id} did not start")


def committed(run_id: str | UUID) -> Run:
    """The run, once it has committed something and goes on."""
    found = Run.objects.filter(pk=run_id, status="running", commits__gt=0)
    return until(found.first, why=f"{run_id} did not commit")


def hurried(run_id: str | UUID) -> None:
    """Let the run's next attempt make no pauses."""
    run = Run.objects.get(pk=run_id)
    Run.objects.filter(pk=run_id).update(params=run.params | {"pause": 0})


def the_run(**columns: Any) -> Run:
    """The only run with these columns, once it has ended."""
    run = until(Run.objects.filter(**columns).first, why=f"no run with {columns}")
    return ended(run.pk)
