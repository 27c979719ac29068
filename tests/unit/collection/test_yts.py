from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import pairwise
from time import monotonic
from typing import Any

import httpx2
import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from backend.collection import yts
from backend.collection.kernel.quality import Quality
from tests.servers.yts import answer, movie, torrent
from upkeep.remote.errors import RemoteResponseError, RemoteUnavailableError

FILM = "tt0133093"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([FILM, "720p", "1080p"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)

Handler = Callable[[httpx2.Request], httpx2.Response]


def connected(
    handler: Handler, base_url: str = "https://yts.example", pause: float = 0
) -> AbstractContextManager[yts.Yts]:
    return yts.connect(base_url, pause=pause, transport=httpx2.MockTransport(handler))


def film(*torrents: dict[str, Any], imdb_code: str = FILM) -> dict[str, Any]:
    return movie(imdb_code) | {"torrents": list(torrents)}


def qualities(*films: dict[str, Any]) -> tuple[Quality, ...]:
    return yts.qualities(FILM, answer(list(films)))


def test_a_quality_has_size_seeds_peers_and_upload_date_in_utc() -> None:
    assert qualities(film(torrent("1080p", seeds=12))) == (
        Quality("1080p", 1_986_422_012, 12, 3, datetime(2021, 12, 1, 10, tzinfo=UTC)),
    )


def test_links_and_hashes_are_not_kept() -> None:
    assert Quality.__slots__ == ("quality", "size_bytes", "seeds", "peers", "uploaded_at")


def test_only_720p_and_1080p_count_and_come_in_this_order() -> None:
    names = ["2160p", "1080p", "1080p.x265", "480p", "3D", "720p"]
    found = qualities(film(*(torrent(name, seeds=1) for name in names)))
    assert [quality.quality for quality in found] == ["720p", "1080p"]


def test_of_one_quality_the_one_with_most_seeds_counts() -> None:
    assert [quality.seeds for quality in qualities(film(*(torrent("720p", seeds=seeds) for seeds in (3, 40, 5))))] == [
        40
    ]


def test_another_film_does_not_count() -> None:
    assert qualities(film(torrent("720p", seeds=1), imdb_code="tt9999999")) == ()


def test_nothing_found_is_no_quality() -> None:
    assert qualities() == ()
    assert qualities(film()) == ()
    assert qualities(movie(FILM) | {"torrents": None}) == ()


def test_what_is_not_told_is_unknown() -> None:
    assert qualities(film({"quality": "720p", "seeds": None})) == (Quality("720p", None, 0, 0, None),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seeds": "12"},
        {"seeds": -1},
        {"peers": 2**31},
        {"size_bytes": 2**63},
        {"size_bytes": 1.5},
        {"date_uploaded_unix": 10**12},
        {"date_uploaded_unix": -1},
        {"quality": 720},
        {"quality": None},
        {"quality": " "},
    ],
)
def test_a_wrong_type_is_not_understood(wrong: dict[str, Any]) -> None:
    with pytest.raises(
        RemoteResponseError, match=f"The answer of YTS about {FILM} is not understood: .*{next(iter(wrong))}"
    ):
        qualities(film(torrent("720p", seeds=1) | wrong))


@given(st.dictionaries(st.sampled_from(["movies", "movie_count"]) | st.text(), JSON))
def test_any_data_is_qualities_or_not_understood(data: dict[str, Any]) -> None:
    try:
        found = yts.qualities(FILM, {"status": "ok", "data": data})
    except RemoteResponseError:
        return
    assert found == ()


@given(st.dictionaries(st.sampled_from(sorted(torrent("720p", seeds=1))), JSON))
def test_any_torrent_is_a_quality_or_not_understood(fields: dict[str, Any]) -> None:
    try:
        found = qualities(film(torrent("720p", seeds=1) | fields))
    except RemoteResponseError:
        return
    assert all(quality.quality in {"720p", "1080p"} for quality in found)


@pytest.mark.parametrize("base", ["https://yts.example", "https://yts.example/api/v2"])
@pytest.mark.parametrize("end", ["", "/", " "])
def test_the_address_may_lack_the_path_and_have_a_slash(base: str, end: str) -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json=answer([]))

    with connected(handler, base + end) as source:
        assert source.availability([FILM]) == {FILM: ()}
    assert str(requests[0].url) == f"https://yts.example/api/v2/list_movies.json?query_term={FILM}&limit=50"


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, json={"status": "error", "status_message": "no", "data": {"movie_count": 0}}),
        httpx2.Response(200, json={"data": {"movie_count": 0}}),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json=None),
        httpx2.Response(200, content=b""),
        httpx2.Response(200, content=b"x\x9c\x03\x00"),
        httpx2.Response(204),
        httpx2.Response(200, text="<html>captcha</html>"),
        httpx2.Response(200, text="moved"),
        httpx2.Response(301, headers={"Location": "https://yts.elsewhere.example/"}),
        httpx2.Response(400, json={}),
        httpx2.Response(401, json={}),
        httpx2.Response(403, text="error code: 1020"),
        httpx2.Response(404, json={}),
        httpx2.Response(503, text="busy"),
        httpx2.Response(522, text="<html>"),
    ],
    ids=str,
)
def test_what_is_not_a_clear_answer_is_unavailable_and_never_not_available(response: httpx2.Response) -> None:
    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(response.status_code, headers=response.headers, content=response.content)

    with stamina.set_testing(testing=True, attempts=1), connected(handler) as source:
        found = source.availability([FILM])[FILM]
    assert isinstance(found, RemoteUnavailableError)
    assert str(found).count("YTS") == 1


def said(data: object) -> Any:
    """What becomes of the film when this is the data of the answer."""
    with connected(lambda _: httpx2.Response(200, json={"status": "ok", "data": data})) as source:
        return source.availability([FILM])[FILM]


@pytest.mark.parametrize("nothing", [{}, {"movies": None}, {"movies": []}], ids=str)
@pytest.mark.parametrize("count", [1, "1", 7, None, True, False, -1, 0.0, "none", "", "9" * 5000, [], {}], ids=repr)
def test_no_films_with_a_count_other_than_zero_say_nothing(nothing: dict[str, Any], count: object) -> None:
    assert isinstance(said({"movie_count": count} | nothing), RemoteUnavailableError)


@pytest.mark.parametrize("nothing", [{}, {"movies": None}, {"movies": []}], ids=str)
def test_no_films_without_a_count_say_nothing(nothing: dict[str, Any]) -> None:
    assert isinstance(said(nothing), RemoteUnavailableError)


@pytest.mark.parametrize("nothing", [{}, {"movies": None}, {"movies": []}], ids=str)
@pytest.mark.parametrize("count", [0, "0"], ids=repr)
def test_no_films_and_a_count_of_zero_say_that_it_is_not_available(nothing: dict[str, Any], count: object) -> None:
    assert said({"movie_count": count} | nothing) == ()


@pytest.mark.parametrize("data", [None, [], "", "none", 0, {"movie_count": 0, "movies": {}}], ids=repr)
def test_data_of_another_shape_say_nothing(data: object) -> None:
    assert isinstance(said(data), RemoteUnavailableError)


OTHER = movie("tt9999999")


@pytest.mark.parametrize(
    "data",
    [
        {"movie_count": 2, "movies": [OTHER]},
        {"movies": [OTHER]},
        {"movie_count": None, "movies": [OTHER]},
        {"movie_count": 2, "movies": [OTHER, {"title": "Without a code"}]},
        {"movie_count": 2, "movies": [OTHER, {"imdb_code": None}]},
        {"movie_count": 2, "movies": [OTHER, {"imdb_code": 133093}]},
        {"movie_count": 1, "movies": [None]},
    ],
)
def test_other_films_say_nothing_while_one_may_be_missing(data: dict[str, Any]) -> None:
    assert isinstance(said(data), RemoteUnavailableError)


@pytest.mark.parametrize("count", [1, 0, "1"], ids=repr)
def test_a_whole_list_of_other_films_says_that_it_is_not_available(count: object) -> None:
    assert said({"movie_count": count, "movies": [OTHER]}) == ()


@pytest.mark.parametrize("count", [1, 0, 50, "many", None], ids=repr)
@pytest.mark.parametrize("code", [FILM, FILM.upper(), f" {FILM}"])
def test_a_film_that_is_listed_is_there_whatever_is_counted(count: object, code: str) -> None:
    assert len(said({"movie_count": count, "movies": [film(torrent("720p", seeds=1)) | {"imdb_code": code}]})) == 1


def test_a_service_that_only_reports_errors_is_given_up_after_ten() -> None:
    with (
        connected(lambda _: httpx2.Response(200, json={"status": "error"})) as source,
        pytest.raises(RemoteUnavailableError, match="YTS was unavailable 10 times in a row"),
    ):
        source.availability([f"tt{number:07}" for number in range(11)])


def test_each_film_has_an_outcome_of_its_own() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        imdb_id = request.url.params["query_term"]
        found = [film({"quality": 1} if imdb_id == "tt0000002" else torrent("720p", seeds=1), imdb_code=imdb_id)]
        return httpx2.Response(200, json=answer([] if imdb_id == "tt0000003" else found))

    with connected(handler) as source:
        found = source.availability(["tt0000001", "tt0000002", "tt0000003", "tt0000001"])
    assert [type(one).__name__ for one in found.values()] == ["tuple", "RemoteResponseError", "tuple"]
    assert found["tt0000003"] == ()


def test_there_is_one_request_at_a_time_with_a_pause_after_each_answer() -> None:
    times: list[float] = []

    def handler(_: httpx2.Request) -> httpx2.Response:
        times.append(monotonic())
        return httpx2.Response(200, json=answer([]))

    with connected(handler, pause=0.1) as source:
        source.availability([f"tt{number:07}" for number in range(4)])
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))


def test_the_pause_is_two_seconds_unless_told_otherwise() -> None:
    assert yts.PAUSE == 2.0
    start = monotonic()
    with yts.connect("https://yts.example", transport=httpx2.MockTransport(lambda _: httpx2.Response(404))) as source:
        source.availability(["tt0000001", "tt0000002"])
    assert monotonic() - start >= 2
