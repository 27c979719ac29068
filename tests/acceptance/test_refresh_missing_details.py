"""The main job, through the worker, against a stand-in for TMDB."""

import pytest
from pytest_celery import CeleryTestSetup

from backend.collection.models import DVD
from tests.acceptance.runs import REFRESH, ended, sent
from tests.integration.collection.factories import dvd
from tests.servers import films
from upkeep.testing.servers.faults import status
from upkeep.testing.servers.process import Server


def test_details_are_filled_and_what_tmdb_lacks_or_refuses_is_counted_by_its_reason(
    setup: CeleryTestSetup, tmdb: Server
) -> None:
    for tmdb_id in range(1, 31):
        dvd(tmdb_id=tmdb_id)
    tmdb.fail({"7": status(404), "8": status(503)})
    run = ended(setup.app.tasks[REFRESH].delay().id)
    assert run.status == "succeeded"
    assert (run.counts["processed"], run.counts["updated"], run.counts["failed"]) == (30, 28, 2)
    assert run.reasons == {"failed": {"not_found": 1, "unavailable": 1}}
    assert run.result["tagline"] == {"filled": 28, "total": 30}
    assert tmdb.stats().by_key["8"] == 4
    film = DVD.objects.get(tmdb_id=3)
    assert (film.tagline, film.budget) == (films.details(3)["tagline"], films.details(3)["budget"])
    assert set(DVD.objects.filter(tagline="").values_list("tmdb_id", flat=True)) == {7, 8}


def test_a_second_run_asks_only_for_what_was_not_answered(setup: CeleryTestSetup, tmdb: Server) -> None:
    dvd(tmdb_id=11)
    assert ended(sent(setup.app, REFRESH)).counts["updated"] == 1
    asked = tmdb.stats().requests
    assert ended(sent(setup.app, REFRESH)).counts["processed"] == 0
    assert tmdb.stats().requests == asked


@pytest.mark.usefixtures("tmdb")
def test_a_dry_run_asks_but_writes_nothing(setup: CeleryTestSetup) -> None:
    film = dvd(tmdb_id=12)
    run = ended(sent(setup.app, REFRESH, dry_run=True))
    assert (run.counts["updated"], run.changes.get().fields["tagline"]) == (1, ["", films.details(12)["tagline"]])
    film.refresh_from_db()
    assert (film.tagline, film.details_asked_at) == ("", None)


def test_refused_credentials_fail_the_run_with_one_clear_line(setup: CeleryTestSetup, tmdb: Server) -> None:
    dvd(tmdb_id=13)
    tmdb.fail({"*": status(401)})
    run = ended(sent(setup.app, REFRESH))
    assert run.status == "failed"
    assert "401" in run.error
    assert "\n" not in run.error
