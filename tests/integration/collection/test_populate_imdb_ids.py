import pytest
from pytest_django import Settings

from tests.integration.collection.commands import ran
from tests.integration.collection.factories import dvd
from tests.servers import faults
from tests.servers.process import Server

pytestmark = pytest.mark.django_db(transaction=True)


def test_dvds_get_the_imdb_id_that_tmdb_knows(tmdb: Server) -> None:
    film, own = dvd(tmdb_id=201), dvd(tmdb_id=202, imdb_id="tt7654321")
    before = tmdb.stats().requests
    ended = ran("populate_imdb_ids")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 1, "updated": 1})
    film.refresh_from_db()
    own.refresh_from_db()
    assert (film.imdb_id, own.imdb_id) == ("tt0000201", "tt7654321")
    assert tmdb.stats().requests == before + 1
    assert ran("populate_imdb_ids").counts == {}


@pytest.mark.parametrize("imdb_id", [None, "", "tt123", "nm0000201"])
def test_a_film_without_a_real_imdb_id_is_skipped(tmdb: Server, imdb_id: str | None) -> None:
    film = dvd(tmdb_id=203)
    tmdb.fail({"203": faults.patched(imdb_id=imdb_id)})
    ended = ran("populate_imdb_ids")
    assert (ended.exit_code, ended.reasons) == (0, {"no_imdb_id": 1})
    film.refresh_from_db()
    assert film.imdb_id == ""


def test_a_film_that_tmdb_does_not_have_is_failed_and_the_others_go_on(tmdb: Server) -> None:
    dvd(tmdb_id=204)
    dvd(tmdb_id=205)
    tmdb.fail({"204": faults.status(404)})
    ended = ran("populate_imdb_ids")
    assert (ended.exit_code, ended.counts) == (3, {"processed": 2, "updated": 1, "failed": 1})
    assert ended.reasons == {"not_found": 1}


def test_a_limit_is_kept(tmdb: Server) -> None:
    for number in range(3):
        dvd(tmdb_id=210 + number)
    before = tmdb.stats().requests
    assert ran("populate_imdb_ids", "--limit", "2").counts == {"processed": 2, "updated": 2}
    assert tmdb.stats().requests == before + 2


def test_a_dry_run_stores_no_id(tmdb: Server) -> None:
    film = dvd(tmdb_id=220)
    assert ran("populate_imdb_ids", "--dry-run").counts == {"processed": 1, "updated": 1}
    film.refresh_from_db()
    assert film.imdb_id == ""
    assert tmdb.stats().by_key["220"] == 1


@pytest.mark.usefixtures("tmdb")
def test_without_a_key_that_is_the_error(settings: Settings) -> None:
    settings.TMDB_API_KEY = ""
    ended = ran("populate_imdb_ids")
    assert ended.exit_code == 1
    assert "TMDB_API_KEY" in ended.error
