"""How to run, told in a message: `dry_run` and `confirm`."""

from pathlib import Path

import pytest
from pytest_celery import CeleryTestSetup

from backend.collection.models import DVD
from tests.acceptance.films import certification, shouting
from tests.acceptance.runs import CLEANUP, NORMALIZE, ended, sent
from tests.integration.collection.factories import dvd, poster
from upkeep.operations.models import Run


@pytest.fixture
def unused(folder: Path) -> Path:
    dvd(poster="posters/named.jpg")
    return poster(folder / "media", "unused.jpg")


@pytest.mark.parametrize("kwargs", [{}, {"confirm": "no"}])
def test_nothing_is_destroyed_without_its_confirmation(
    setup: CeleryTestSetup, unused: Path, kwargs: dict[str, str]
) -> None:
    run = ended(setup.app.tasks[CLEANUP].delay(**kwargs).id)
    assert (run.status, run.attempt, unused.exists()) == ("failed", 0, True)
    assert "needs confirm='yes'" in run.error


def test_a_confirmed_run_destroys(setup: CeleryTestSetup, unused: Path) -> None:
    run = ended(setup.app.tasks[CLEANUP].delay(confirm="yes").id)
    assert (run.status, run.confirm, run.counts["deleted"], unused.exists()) == ("succeeded", "yes", 1, False)


def test_a_confirmation_is_not_that_of_somebody_who_looked(setup: CeleryTestSetup, unused: Path) -> None:
    DVD.objects.all().delete()
    run = ended(setup.app.tasks[CLEANUP].delay(confirm="yes").id)
    assert (run.status, run.reasons, unused.exists()) == ("failed", {"failed": {"limit_exceeded": 1}}, True)


def test_a_message_of_somebody_else_destroys_nothing_whatever_it_says(setup: CeleryTestSetup, unused: Path) -> None:
    run = ended(sent(setup.app, CLEANUP, confirm="yes"))
    assert (run.status, run.attempt, run.confirm, unused.exists()) == ("failed", 0, "", True)
    assert "destroys data, which no message can confirm" in run.error


def test_a_run_that_was_deleted_is_not_carried_out_by_its_message(held: CeleryTestSetup, unused: Path) -> None:
    run_id = held.app.tasks[CLEANUP].delay(confirm="yes").id
    assert Run.objects.filter(pk=run_id).delete()[0]
    assert held.app.control.add_consumer("default", reply=True)
    held.worker.wait_for_log(f"run {run_id} was deleted: its message is dropped")
    assert (Run.objects.count(), unused.exists()) == (0, True)


def test_a_dry_run_needs_no_confirmation_and_destroys_nothing(setup: CeleryTestSetup, unused: Path) -> None:
    run = ended(setup.app.tasks[CLEANUP].delay(dry_run=True).id)
    assert (run.status, run.dry_run, run.counts["deleted"], unused.exists()) == ("succeeded", True, 1, True)


def test_a_dry_run_writes_no_row(setup: CeleryTestSetup) -> None:
    film = shouting()
    run = ended(sent(setup.app, NORMALIZE, dry_run=True))
    assert (run.dry_run, run.counts["updated"], certification(film)) == (True, 1, " PG ")
