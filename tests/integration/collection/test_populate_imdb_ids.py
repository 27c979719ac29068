from datetime import timedelta

import pytest
import stamina
from django.utils import timezone
from pytest_django import Settings

from backend.collection.models import DVD
from tests.integration.collection.commands import ran
from tests.integration.collection.factories import dvd
from tests.integration.operations.factories import COMMITTED
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server

pytestmark = COMMITTED


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


def test_a_limit_moves_on_night_by_night_past_films_without_an_id_and_removed_ones(tmdb: Server) -> None:
    films = [dvd(tmdb_id=230 + number) for number in range(5)]
    tmdb.fail({"230": faults.patched(imdb_id=None), "231": faults.status(404), "232": faults.status(422)})
    nights = [ran("populate_imdb_ids", "--limit", "2").reasons for _ in range(4)]
    assert nights == [{"no_imdb_id": 1, "not_found": 1}, {"rejected": 1}, {}, {}]
    assert [tmdb.stats().by_key[str(film.tmdb_id)] for film in films] == [1] * 5
    assert ran("populate_imdb_ids", "--limit", "2", "--recheck-after", "0").counts["processed"] == 2
    films[0].refresh_from_db()
    assert films[0].details_asked_at is None


def test_a_film_is_asked_for_again_after_as_many_days_as_wanted(tmdb: Server) -> None:
    film = dvd(tmdb_id=240)
    tmdb.fail({"240": faults.patched(imdb_id="")})
    assert ran("populate_imdb_ids").reasons == {"no_imdb_id": 1}
    DVD.objects.filter(pk=film.pk).update(imdb_id_asked_at=timezone.now() - timedelta(days=29))
    assert ran("populate_imdb_ids").counts == {}
    assert ran("populate_imdb_ids", "--recheck-after", "28").counts == {"processed": 1, "skipped": 1}
    DVD.objects.filter(pk=film.pk).update(imdb_id_asked_at=timezone.now() - timedelta(days=31))
    tmdb.fail({})
    assert ran("populate_imdb_ids").counts == {"processed": 1, "updated": 1}


def test_neither_of_the_two_operations_that_ask_tmdb_puts_dvds_to_sleep_for_the_other(tmdb: Server) -> None:
    dvd(tmdb_id=241)
    tmdb.fail({"241": faults.patched(imdb_id=None, external_ids={}, runtime="long")})
    assert ran("refresh_missing_details").reasons == {"not_understood": 1}
    assert ran("populate_imdb_ids").reasons == {"no_imdb_id": 1}
    assert ran("refresh_missing_details").counts == ran("populate_imdb_ids").counts == {}
    DVD.objects.update(details_asked_at=None)
    assert ran("refresh_missing_details").counts["processed"] == 1


@pytest.mark.parametrize(
    "fault",
    [
        faults.packed("gzip", corrupt=True),
        faults.packed("zlib"),
        faults.text("OK"),
        faults.text("[]"),
        faults.text('{"success": false, "status_code": 34}'),
        faults.lacking("imdb_id"),
        faults.patched(id=1),
        faults.html(),
        faults.redirect("https://elsewhere.example/"),
    ],
)
def test_an_answer_that_says_nothing_about_the_film_is_asked_for_again(tmdb: Server, fault: faults.Fault) -> None:
    film = dvd(tmdb_id=242)
    tmdb.fail({"242": fault})
    with stamina.set_testing(testing=True, attempts=1):
        assert ran("populate_imdb_ids").reasons == {"unavailable": 1}
    film.refresh_from_db()
    assert (film.imdb_id, film.imdb_id_asked_at) == ("", None)
    tmdb.fail({"242": faults.packed("gzip")})
    assert ran("populate_imdb_ids").counts == {"processed": 1, "updated": 1}


def test_a_wrong_address_fails_the_run_and_notes_nothing(tmdb: Server, settings: Settings) -> None:
    settings.TMDB_API_URL = f"{tmdb.origin}/4"
    for number in range(5):
        dvd(tmdb_id=250 + number)
    ended = ran("populate_imdb_ids")
    assert ended.exit_code == 1
    assert f"check TMDB_API_URL ({tmdb.origin}/4)" in ended.error
    assert not DVD.objects.exclude(imdb_id_asked_at=None).exists()
    settings.TMDB_API_URL = tmdb.url
    assert ran("populate_imdb_ids").counts == {"processed": 5, "updated": 5}


def test_films_without_an_id_show_that_the_address_is_right(tmdb: Server) -> None:
    for number in range(6):
        dvd(tmdb_id=260 + number)
    tmdb.fail({"*": faults.status(404), "265": faults.patched(imdb_id=None)})
    assert ran("populate_imdb_ids").reasons == {"not_found": 5, "no_imdb_id": 1}
    assert ran("populate_imdb_ids").counts == {}


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
