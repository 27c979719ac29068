"""What `.delay()` and AsyncResult promise."""

from celery.result import AsyncResult
from pytest_celery import CeleryTestSetup

from backend.collection.models import DVD
from backend.operations.models import Run
from tests.integration.collection.factories import dvd

NORMALIZE = "collection.normalize_uk_certifications"


def test_delay_makes_a_recorded_run_that_the_worker_carries_out(setup: CeleryTestSetup) -> None:
    film = dvd()
    DVD.objects.filter(pk=film.pk).update(uk_certification=" PG ")
    result = setup.app.tasks[NORMALIZE].delay()
    outcome = result.get(timeout=15)
    film.refresh_from_db()
    run = Run.objects.get(pk=result.id)
    assert (film.uk_certification, run.status, run.origin) == ("pg", "succeeded", "message")
    assert outcome["counts"]["updated"] == run.counts["updated"] == 1
    assert AsyncResult(result.id, app=setup.app).state == "SUCCESS"
