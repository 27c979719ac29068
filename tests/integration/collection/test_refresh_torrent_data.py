from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from backend.collection.models import DVD
from tests.integration.collection.commands import Ended, ran
from tests.integration.collection.factories import dvd
from tests.integration.operations.factories import COMMITTED
from tests.servers.yts import UNKNOWN_FROM
from upkeep.operations.models import Run
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server

pytestmark = COMMITTED
UNKNOWN = f"tt{UNKNOWN_FROM}"


def refreshed(*options: str) -> Ended:
    return ran("refresh_torrent_data", *options)


def test_a_film_is_available_in_the_qualities_that_are_kept(yts: Server) -> None:
    film, unknown = dvd(imdb_id="tt0000301"), dvd(imdb_id=UNKNOWN)
    ended = refreshed()
    assert (ended.exit_code, ended.counts) == (0, {"processed": 2, "updated": 1, "unchanged": 1})
    film.refresh_from_db()
    unknown.refresh_from_db()
    assert (film.is_available, unknown.is_available, unknown.qualities) == (True, False, [])
    assert [quality["quality"] for quality in film.qualities] == ["720p", "1080p"]
    assert film.qualities[1] == {
        "quality": "1080p",
        "size_bytes": 1_986_422_012,
        "seeds": 12,
        "peers": 3,
        "uploaded_at": "2021-12-01T10:00:00+00:00",
    }
    assert yts.stats().by_key["tt0000301"] == 1


def test_a_dvd_that_was_asked_for_is_not_asked_for_again_before_its_time(yts: Server) -> None:
    dvd(imdb_id="tt0000302")
    refreshed()
    assert refreshed().counts == {}
    assert refreshed("--force").counts == {"processed": 1, "unchanged": 1}
    DVD.objects.update(availability_asked_at=timezone.now() - timedelta(hours=25))
    assert refreshed("--max-age-hours", "24").counts == {"processed": 1, "unchanged": 1}
    assert yts.stats().by_key["tt0000302"] == 3


def test_a_service_that_cannot_answer_says_nothing_about_a_film(yts: Server) -> None:
    film = dvd(imdb_id="tt0000303", is_available=True, qualities=[{"quality": "1080p"}])
    yts.fail({"*": faults.html()})
    ended = refreshed()
    assert (ended.exit_code, ended.reasons) == (3, {"unavailable": 1})
    after = DVD.objects.get(pk=film.pk)
    assert (after.is_available, after.qualities, after.availability_asked_at) == (True, film.qualities, None)


@pytest.mark.parametrize(
    "data",
    [
        {"movie_count": 1},
        {"movie_count": 1, "movies": []},
        {"movie_count": 1, "movies": None},
        {"movie_count": None},
        {"movies": None},
        {"movie_count": 2, "movies": [{"imdb_code": "tt9999999"}]},
        {"movie_count": 1, "movies": [{"title": "Without a code"}]},
        None,
    ],
    ids=repr,
)
def test_a_list_that_lacks_what_it_counts_wipes_no_availability(yts: Server, data: object) -> None:
    film = dvd(imdb_id="tt0000306", is_available=True, qualities=[{"quality": "1080p"}])
    yts.fail({"*": faults.patched(data=data)})
    ended = refreshed()
    assert (ended.exit_code, ended.reasons) == (3, {"unavailable": 1})
    after = DVD.objects.get(pk=film.pk)
    assert (after.is_available, after.qualities, after.availability_asked_at) == (True, film.qualities, None)


@pytest.mark.parametrize(
    "data", [{"movie_count": 0}, {"movie_count": 1, "movies": [{"imdb_code": "tt9999999", "torrents": []}]}], ids=repr
)
def test_a_film_that_is_gone_is_not_available_any_more(yts: Server, data: object) -> None:
    film = dvd(imdb_id="tt0000307", is_available=True, qualities=[{"quality": "1080p"}])
    yts.fail({"*": faults.patched(data=data)})
    assert refreshed().counts == {"processed": 1, "updated": 1}
    after = DVD.objects.get(pk=film.pk)
    assert (after.is_available, after.qualities, after.availability_asked_at is None) == (False, [], False)


def test_a_packed_list_is_read(yts: Server) -> None:
    dvd(imdb_id="tt0000308")
    yts.fail({"*": faults.packed("gzip")})
    assert refreshed().counts == {"processed": 1, "updated": 1}


def test_a_film_about_which_nothing_is_said_does_not_stop_a_limit_from_moving_on(yts: Server) -> None:
    dvd(imdb_id="tt0000309")
    other = dvd(imdb_id="tt0000329")
    yts.fail({"tt0000309": faults.patched(data={"movie_count": 1})})
    assert refreshed("--limit", "1").reasons == {"unavailable": 1}
    assert refreshed("--limit", "1").counts == {"processed": 1, "updated": 1}
    other.refresh_from_db()
    assert other.is_available
    assert refreshed("--limit", "1").reasons == {"unavailable": 1}


def test_flags_are_recomputed_limit_by_limit(settings: Settings) -> None:
    settings.YTS_API_URL = ""
    dvd(imdb_id="tt0000324")
    for number in range(3):
        dvd(imdb_id=f"tt000032{5 + number}", is_available=True)
    nights = [refreshed("--update-flags-only", "--limit", "2").counts for _ in range(3)]
    assert nights == [{"processed": 2, "updated": 2}, {"processed": 1, "updated": 1}, {}]


def test_only_recent_dvds_are_asked_for_when_told(yts: Server) -> None:
    recent, old = dvd(imdb_id="tt0000304"), dvd(imdb_id="tt0000305")
    DVD.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    assert refreshed("--recent-only", "--recent-days", "7").counts["processed"] == 1
    asked = yts.stats().by_key
    assert (asked.get(recent.imdb_id), asked.get(old.imdb_id)) == (1, None)


def test_a_limit_and_a_dry_run_are_kept(yts: Server) -> None:
    for number in range(2):
        dvd(imdb_id=f"tt000031{number}")
    assert refreshed("--limit", "1", "--dry-run").counts == {"processed": 1, "updated": 1}
    assert yts.stats().by_key.keys() & {"tt0000310", "tt0000311"} == {"tt0000310"}
    assert not DVD.objects.exclude(availability_asked_at=None, is_available=False).exists()


def test_without_an_address_that_is_the_error(settings: Settings) -> None:
    settings.YTS_API_URL = ""
    film = dvd(imdb_id="tt0000320")
    ended = refreshed()
    assert ended.exit_code == 1
    assert ended.error.startswith("refresh_torrent_data is not configured: YTS_API_URL is not set")
    assert not Run.objects.exists()
    film.refresh_from_db()
    assert film.availability_asked_at is None


def test_flags_are_recomputed_without_a_request(settings: Settings) -> None:
    settings.YTS_API_URL = ""
    missing = dvd(imdb_id="tt0000321", qualities=[{"quality": "720p"}], availability_asked_at=timezone.now())
    stale = dvd(imdb_id="tt0000322", is_available=True)
    right = dvd(imdb_id="tt0000323")
    ended = refreshed("--update-flags-only")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 3, "updated": 2, "unchanged": 1})
    flags = {film.pk: film.is_available for film in DVD.objects.all()}
    assert flags == {missing.pk: True, stale.pk: False, right.pk: False}
    assert DVD.objects.get(pk=stale.pk).availability_asked_at is None


def test_the_pauses_are_shared_in_the_redis_of_the_settings(yts: Server, redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = redis_url
    dvd(imdb_id="tt0000391")
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        redis.flushdb()
        refreshed()
        assert redis.keys("*") == [f"upkeep:pace:{yts.origin.removeprefix('http://')}"]
