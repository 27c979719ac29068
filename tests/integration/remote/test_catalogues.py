import logging
from collections.abc import Iterator

import pytest

from backend.collection import tmdb, yts
from backend.collection.kernel.movie import ExternalIds, Movie
from tests.servers.tmdb import KEY, TOKEN, tmdb_server
from tests.servers.yts import UNKNOWN_FROM, yts_server
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError, RemoteUnavailableError
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server

HOSTS = ("127.0.0.1",)


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with tmdb_server() as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.fail({})
    return shared


@pytest.mark.parametrize("key", [KEY, TOKEN])
def test_tmdb_lets_in_with_either_kind_of_key(server: Server, key: str) -> None:
    before = server.stats().requests
    with tmdb.connect(key, server.url, requests_per_second=None, allow_http_hosts=HOSTS) as source:
        films = source.movies(range(1, 51))
    assert server.stats().requests - before == 50
    assert list(films) == list(range(1, 51))
    assert films[2] == Movie(
        tmdb_id=2,
        imdb_id="tt0000002",
        overview="A lighthouse keeper waits for ship 2.",
        tagline="Wait for 2.",
        release_year=1952,
        runtime=62,
        genres="Drama, Comedy, Documentary",
        original_language="ja",
        budget=1_000_002,
        revenue=5_000_000_002,
        production_companies="Studio 2, Grün & Söhne",
        directors="青木 遥, Jo Marin",
        uk_certification="12a",
        vote_average=0.2,
    )


@pytest.mark.parametrize("key", ["f" * 32, "eyJhbGciOiJub25lIn0.e30.bm8"])
def test_tmdb_refuses_a_wrong_key_at_once(server: Server, key: str) -> None:
    before = server.stats().requests
    with (
        tmdb.connect(key, server.url, requests_per_second=None, allow_http_hosts=HOSTS) as source,
        pytest.raises(RemoteRejectedError, match="TMDB refused the API key"),
    ):
        source.movies(range(1, 501))
    assert server.stats().requests - before <= 40


def test_the_key_is_in_no_log_line(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "httpx2", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.fail({"2": faults.status(404), "3": faults.cut(times=1)})
    for key in (KEY, TOKEN):
        with tmdb.connect(key, server.url, requests_per_second=None, allow_http_hosts=HOSTS) as source:
            source.movies([1, 2, 3])
    assert "TMDB: GET /movie/1: 200" in caplog.text
    assert KEY not in caplog.text
    assert TOKEN not in caplog.text


def test_each_fault_hits_its_own_film_only(server: Server) -> None:
    server.fail(
        {
            "1": faults.status(404),
            "2": faults.html(),
            "3": faults.html(404),
            "4": faults.text("[]"),
            "5": faults.patched(budget="much"),
            "6": faults.patched(overview=None, credits={}, surprise={"new": True}),
            "7": faults.patched(tagline="Zoë 🎬"),
            "8": faults.status(422),
        }
    )
    with tmdb.connect(KEY, server.url, requests_per_second=None, allow_http_hosts=HOSTS) as source:
        films = source.movies(range(1, 10))
    assert {number: type(film) for number, film in films.items()} == {
        1: type(None),
        2: RemoteUnavailableError,
        3: RemoteUnavailableError,
        4: RemoteUnavailableError,
        5: RemoteResponseError,
        6: Movie,
        7: Movie,
        8: RemoteRejectedError,
        9: Movie,
    }
    assert isinstance(films[7], Movie)
    assert films[7].tagline == "Zoë 🎬"


def test_external_ids_are_one_small_request_each(server: Server) -> None:
    server.fail({"2": faults.patched(imdb_id=None), "3": faults.status(404)})
    with tmdb.connect(KEY, server.url, requests_per_second=None, allow_http_hosts=HOSTS) as source:
        assert source.external_ids([1, 2, 3]) == {1: ExternalIds("tt0000001"), 2: ExternalIds(None), 3: None}
    assert server.stats().last["path"].endswith("/external_ids")


def test_yts_tells_what_is_available_and_what_is_not() -> None:
    with yts_server(delay=0.1) as server:
        with yts.connect(server.origin, pause=0, allow_http_hosts=HOSTS) as source:
            found = source.availability(["tt0000042", f"tt{UNKNOWN_FROM}"])
        assert server.stats().peak == 1
    qualities = found["tt0000042"]
    assert isinstance(qualities, tuple)
    assert [(quality.quality, quality.seeds) for quality in qualities] == [("720p", 42), ("1080p", 12)]
    assert found[f"tt{UNKNOWN_FROM}"] == ()


def test_yts_is_unavailable_when_it_moved_or_broke() -> None:
    wrong = {
        "tt0000001": faults.redirect("https://yts.example/"),
        "tt0000002": faults.html(403),
        "tt0000003": faults.patched(status="error"),
        "tt0000004": faults.status(404),
        "tt0000005": faults.text("hello"),
    }
    with yts_server() as server:
        server.fail(wrong)
        with yts.connect(server.url, pause=0, allow_http_hosts=HOSTS) as source:
            found = source.availability([*wrong, "tt0000006"])
    assert all(isinstance(found[imdb_id], RemoteUnavailableError) for imdb_id in wrong)
    assert isinstance(found["tt0000006"], tuple)
