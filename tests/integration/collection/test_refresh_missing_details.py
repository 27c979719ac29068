from datetime import timedelta
from decimal import Decimal

import pytest
import stamina
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from backend.collection.models import DVD
from tests.integration.collection.commands import Ended, ran
from tests.integration.collection.factories import COMPLETE, dvd
from tests.integration.operations.factories import COMMITTED
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server

pytestmark = COMMITTED


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


GARBLED = {
    "gzip that is cut": faults.packed("gzip", keep=30, announced=False),
    "gzip that is corrupt": faults.packed("gzip", corrupt=True),
    "gzip that is cut, declared": faults.packed("gzip", declared="gzip", keep=30, announced=False),
    "zlib": faults.packed("zlib"),
    "deflate": faults.packed("deflate"),
    "no JSON": faults.text("OK"),
    "nothing": faults.text(""),
    "a list": faults.text("[]"),
    "null": faults.text("null"),
    "a page": faults.html(),
    "a page with 404": faults.html(404),
    "an error with 200": faults.text('{"success": false, "status_code": 34, "status_message": "Not found"}'),
    "another film": faults.patched(id=1),
    "no credits": faults.lacking("credits"),
    "no release dates": faults.lacking("release_dates"),
    "no external ids": faults.lacking("external_ids"),
    "null credits": faults.patched(credits=None),
    "an error for credits": faults.patched(credits={"success": False, "status_code": 11, "status_message": "Wrong"}),
    "no id": faults.lacking("id"),
    "nothing appended": faults.lacking("credits", "release_dates", "external_ids"),
    "a redirect": faults.redirect("https://elsewhere.example/"),
    "not modified": faults.status(304),
    "no content": faults.Fault(status=204, body=""),
    "too late": faults.status(408),
}


@pytest.mark.parametrize("fault", GARBLED.values(), ids=GARBLED)
def test_an_answer_that_says_nothing_about_the_film_is_asked_for_again_the_next_time(
    tmdb: Server, fault: faults.Fault
) -> None:
    film = dvd(tmdb_id=140)
    tmdb.fail({"140": fault})
    with stamina.set_testing(testing=True, attempts=1):
        ended = refreshed()
    assert (ended.exit_code, ended.reasons) == (3, {"unavailable": 1})
    film.refresh_from_db()
    assert (film.tagline, film.details_asked_at, film.details_tried_at is None) == ("", None, False)
    tmdb.fail({})
    assert refreshed().counts == {"processed": 1, "updated": 1}


PACKED = {
    "undeclared": faults.packed("gzip"),
    "declared": faults.packed("gzip", declared="gzip"),
    "twice, declared once": faults.packed("gzip", "gzip", declared="gzip"),
    "twice, undeclared": faults.packed("gzip", "gzip"),
    "declared, but not done": faults.packed(declared="gzip"),
}


@pytest.mark.parametrize("fault", PACKED.values(), ids=PACKED)
def test_a_packed_answer_is_read_whatever_its_headers_say(tmdb: Server, fault: faults.Fault) -> None:
    film = dvd(tmdb_id=141)
    tmdb.fail({"*": fault})
    assert refreshed().counts == {"processed": 1, "updated": 1}
    film.refresh_from_db()
    assert film.director == "Bea O'Neil 🎬, Ann Roux"


def test_a_packed_refusal_is_read_too(tmdb: Server) -> None:
    dvd(tmdb_id=142)
    tmdb.fail({"142": faults.packed("gzip", status=404)})
    assert refreshed().reasons == {"not_found": 1}


def test_ten_answers_in_a_row_that_say_nothing_stop_the_run(tmdb: Server) -> None:
    for number in range(12):
        dvd(tmdb_id=150 + number)
    tmdb.fail({"*": faults.lacking("credits")})
    ended = refreshed()
    assert ended.exit_code == 1
    assert "TMDB was unavailable 10 times in a row: TMDB answered without credits" in ended.error
    assert not DVD.objects.exclude(details_asked_at=None).exists()


def asked_at() -> list[int | None]:
    """The TMDB ids of the DVDs that are noted as asked for."""
    return list(DVD.objects.exclude(details_asked_at=None).order_by("tmdb_id").values_list("tmdb_id", flat=True))


@pytest.mark.parametrize(("number", "noted"), [(1, 1), (4, 4), (5, 0), (45, 0)])
def test_a_wrong_address_lets_no_dvds_sleep_when_there_are_five_or_more(
    tmdb: Server, settings: Settings, number: int, noted: int
) -> None:
    settings.TMDB_API_URL = f"{tmdb.origin}/4"
    for place in range(number):
        dvd(tmdb_id=1_100 + place)
    ended = refreshed()
    assert len(asked_at()) == noted
    if noted:
        assert (ended.exit_code, ended.reasons) == (3, {"not_found": number})
        return
    assert (ended.exit_code, ended.run.status) == (1, "failed")
    assert f"all {number} lookups failed ({number} not_found), so nothing was noted: check TMDB_API_URL" in ended.error
    assert f"({tmdb.origin}/4)" in ended.error
    assert settings.TMDB_API_KEY not in ended.error


def test_after_a_wrong_address_the_same_run_is_resumed_with_the_right_one(tmdb: Server, settings: Settings) -> None:
    for place in range(6):
        dvd(tmdb_id=1_200 + place)
    settings.TMDB_API_URL = f"{tmdb.origin}/4"
    run = refreshed().run
    settings.TMDB_API_URL = tmdb.url
    assert ran("resume_run", str(run.pk)).exit_code == 0
    run.refresh_from_db()
    assert (run.status, run.counts["updated"], len(asked_at())) == ("succeeded", 6, 6)


def test_the_first_film_that_is_found_lets_those_before_it_be_noted(tmdb: Server) -> None:
    for place in range(6):
        dvd(tmdb_id=1_300 + place)
    tmdb.fail({"*": faults.status(404), "1303": faults.status(422), "1305": faults.patched(tagline="Found.")})
    ended = refreshed()
    assert (ended.exit_code, ended.reasons) == (3, {"not_found": 4, "rejected": 1})
    assert asked_at() == list(range(1_300, 1_306))
    assert refreshed().counts == {}


def test_copies_of_one_film_that_is_gone_are_one_look_up(tmdb: Server) -> None:
    for _ in range(6):
        dvd(tmdb_id=1_350)
    tmdb.fail({"*": faults.status(404)})
    assert refreshed().counts == {"processed": 6, "failed": 6}
    assert len(asked_at()) == 6


def test_removed_films_at_the_head_do_not_stop_a_limit_from_moving_on(tmdb: Server) -> None:
    for place in range(7):
        dvd(tmdb_id=1_400 + place)
    tmdb.fail({str(1_400 + place): faults.status(404) for place in range(5)})
    assert refreshed("--limit", "5").exit_code == 1
    assert asked_at() == []
    assert refreshed("--limit", "5").counts == {"processed": 5, "updated": 2, "failed": 3}
    assert refreshed("--limit", "5").counts == {"processed": 2, "failed": 2}
    assert refreshed("--limit", "5").counts == {}


def test_dvds_about_which_nothing_is_said_do_not_stop_a_limit_from_moving_on(tmdb: Server) -> None:
    for place in range(4):
        dvd(tmdb_id=1_500 + place)
    tmdb.fail({"1500": faults.html(), "1501": faults.lacking("credits")})
    assert refreshed("--limit", "2").reasons == {"unavailable": 2}
    assert refreshed("--limit", "2").counts == {"processed": 2, "updated": 2}
    assert refreshed("--limit", "2").reasons == {"unavailable": 2}


def test_ten_dvds_in_a_row_about_which_nothing_is_said_do_not_stop_a_limit_either(tmdb: Server) -> None:
    for place in range(12):
        dvd(tmdb_id=1_600 + place)
    tmdb.fail({str(1_600 + place): faults.html() for place in range(10)})
    assert refreshed("--limit", "10").exit_code == 1
    assert refreshed("--limit", "2").counts == {"processed": 2, "updated": 2}


@pytest.mark.parametrize("options", [(), ("--limit", "100")], ids=str)
def test_dvds_that_stopped_a_run_come_after_all_others_in_the_next_one(tmdb: Server, options: tuple[str, ...]) -> None:
    for place in range(25):
        dvd(tmdb_id=1_650 + place)
    tmdb.fail({str(1_650 + place): faults.html() for place in range(22)})
    assert (refreshed(*options).exit_code, DVD.objects.filter(details_asked_at=None).count()) == (1, 25)
    assert (refreshed(*options).exit_code, DVD.objects.filter(details_asked_at=None).count()) == (1, 22)
    tmdb.fail({})
    assert refreshed(*options).counts == {"processed": 22, "updated": 22}


def test_a_dvd_without_an_answer_is_asked_for_once_in_a_run(tmdb: Server) -> None:
    dvd(tmdb_id=1_680)
    dvd(tmdb_id=1_681)
    tmdb.fail({"1680": faults.html()})
    assert refreshed().counts == {"processed": 2, "updated": 1, "failed": 1}
    assert refreshed().counts == {"processed": 1, "failed": 1}


def test_a_limit_takes_whose_last_look_up_is_longest_ago(tmdb: Server) -> None:
    old, older, never = (dvd(tmdb_id=1_700 + place) for place in range(3))
    for film, days in ((old, 40), (older, 50)):
        DVD.objects.filter(pk=film.pk).update(details_asked_at=timezone.now() - timedelta(days=days))
    for expected in (never, older, old):
        assert refreshed("--limit", "1").counts == {"processed": 1, "updated": 1}
        assert asked(tmdb, expected) == 1


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
