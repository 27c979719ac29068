from decimal import Decimal

import pytest
from pytest_django import Settings
from redis import Redis

from backend.collection.models import DVD
from tests.integration.collection.commands import Ended, ran
from tests.integration.collection.factories import COMPLETE, dvd
from tests.servers import faults
from tests.servers.process import Server

pytestmark = pytest.mark.django_db(transaction=True)


def refreshed(*options: str) -> Ended:
    return ran("refresh_missing_details", *options)


def asked(server: Server, film: DVD) -> int:
    return server.stats().by_key.get(str(film.tmdb_id), 0)


def test_a_dvd_gets_its_details_in_one_request(tmdb: Server) -> None:
    film = dvd(tmdb_id=101, name="My film")
    ended = refreshed()
    assert (ended.exit_code, ended.counts) == (0, {"processed": 1, "updated": 1})
    assert asked(tmdb, film) == 1
    film.refresh_from_db()
    assert film.name == "My film"
    assert (film.tagline, film.director) == ("Wait for 101.", "Ann Roux, Łukasz Żak")
    assert (film.budget, film.revenue) == (1_000_101, 5_000_000_101)
    assert (film.production_companies, film.uk_certification) == ("Studio 1, Grün & Söhne", "pg")
    assert (film.rating, film.runtime, film.release_year) == (Decimal("0.1"), 161, 1976)
    assert (film.imdb_id, film.original_language) == ("tt0000101", "ja")


def test_asking_again_changes_nothing(tmdb: Server) -> None:
    film = dvd(tmdb_id=102)
    refreshed()
    before = DVD.objects.get(pk=film.pk)
    assert refreshed().counts == {}
    assert refreshed("--force").counts == {"processed": 1, "unchanged": 1}
    after = DVD.objects.get(pk=film.pk)
    assert asked(tmdb, film) == 2
    assert after.updated_at == before.updated_at
    assert after.details_asked_at
    assert before.details_asked_at
    assert after.details_asked_at > before.details_asked_at


def test_a_film_that_tmdb_does_not_have_is_failed_and_not_asked_for_again(tmdb: Server) -> None:
    missing, found = dvd(tmdb_id=103), dvd(tmdb_id=104)
    tmdb.fail({"103": faults.status(404)})
    ended = refreshed()
    assert (ended.exit_code, ended.counts) == (3, {"processed": 2, "updated": 1, "failed": 1})
    assert ended.reasons == {"not_found": 1}
    assert refreshed().counts == {}
    assert (asked(tmdb, missing), asked(tmdb, found)) == (1, 1)


def test_an_answer_that_is_not_understood_is_failed_and_not_asked_for_again(tmdb: Server) -> None:
    dvd(tmdb_id=105)
    tmdb.fail({"105": faults.patched(runtime="long")})
    assert refreshed().reasons == {"not_understood": 1}
    assert refreshed().counts == {}


def test_a_dvd_that_could_not_be_asked_for_is_asked_for_the_next_time(tmdb: Server) -> None:
    dvd(tmdb_id=106)
    tmdb.fail({"106": faults.html()})
    assert refreshed().reasons == {"unavailable": 1}
    tmdb.fail({})
    assert refreshed().counts == {"processed": 1, "updated": 1}


def test_a_refused_key_stops_the_run_at_once(tmdb: Server, settings: Settings) -> None:
    settings.TMDB_API_KEY = "f" * 32
    for number in range(100):
        dvd(tmdb_id=1_000 + number)
    before = tmdb.stats().requests
    ended = refreshed()
    assert ended.exit_code == 1
    assert "TMDB refused the API key" in ended.error
    assert "f" * 32 not in ended.error
    assert tmdb.stats().requests - before < 50
    assert not DVD.objects.exclude(details_asked_at=None).exists()


def test_without_a_key_nothing_is_asked(tmdb: Server, settings: Settings) -> None:
    settings.TMDB_API_KEY = ""
    film = dvd(tmdb_id=107)
    ended = refreshed()
    assert ended.exit_code == 1
    assert "TMDB_API_KEY" in ended.error
    assert asked(tmdb, film) == 0


def test_a_dry_run_tells_the_changes_and_makes_none(tmdb: Server) -> None:
    film = dvd(tmdb_id=108)
    ended = refreshed("--dry-run")
    assert ended.counts == {"processed": 1, "updated": 1}
    change = ended.run.changes.get()
    assert change.fields["tagline"] == ["", "Wait for 108."]
    after = DVD.objects.get(pk=film.pk)
    assert (after.tagline, after.details_asked_at) == ("", None)
    assert asked(tmdb, film) == 1


def test_a_limit_moves_on_night_by_night(tmdb: Server) -> None:
    for number in range(3):
        dvd(tmdb_id=110 + number)
    tmdb.fail({"*": faults.patched(tagline="")})  # so that none of them is ever complete
    nights = [refreshed("--limit", "1").counts.get("processed", 0) for _ in range(4)]
    assert nights == [1, 1, 1, 0]
    assert refreshed("--recheck-after", "0", "--limit", "2").counts == {"processed": 2, "unchanged": 2}


def test_a_tmdb_id_refreshes_one_film_even_if_it_is_complete(tmdb: Server) -> None:
    one, other = dvd(tmdb_id=120, **COMPLETE), dvd(tmdb_id=121)
    assert refreshed("--tmdb-id", "120").counts == {"processed": 1, "updated": 1}
    assert (asked(tmdb, one), asked(tmdb, other)) == (1, 0)


def test_it_ends_with_the_coverage_of_each_detail(tmdb: Server) -> None:
    dvd(tmdb_id=130)
    dvd(tmdb_id=131)
    tmdb.fail({"131": faults.patched(budget=0)})
    ended = refreshed()
    assert ended.report[:2] == ["Taglines: 2/2 (100.0%)", "Budgets: 1/2 (50.0%)"]
    assert ended.outcome["result"]["budget"] == {"filled": 1, "total": 2}


@pytest.mark.parametrize("option", [("--limit", "0"), ("--recheck-after", "-1"), ("--tmdb-id", "x")])
def test_an_option_that_makes_no_sense_is_refused(option: tuple[str, str]) -> None:
    ended = refreshed(*option)
    assert ended.exit_code == 2
    assert option[0] in ended.error


def test_the_rate_is_shared_in_the_redis_of_the_settings(tmdb: Server, redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = redis_url
    dvd(tmdb_id=191)
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        redis.flushdb()
        refreshed()
        assert redis.keys("*") == [f"upkeep:pace:{tmdb.origin.removeprefix('http://')}"]
