from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from backend.collection import tmdb
from backend.collection.kernel.movie import ExternalIds, Movie
from tests.servers import films
from upkeep.remote.answers import Reply
from upkeep.remote.errors import RemoteRejectedError, RemoteResponseError, RemoteUnavailableError

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOiJub25lIn0.e30.c2ln"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def answer(**fields: Any) -> dict[str, Any]:
    appended: dict[str, Any] = {
        "external_ids": {},
        "release_dates": {"results": []},
        "credits": {"cast": [], "crew": []},
    }
    return films.details(603) | appended | fields


def movie(**fields: Any) -> Movie:
    return tmdb.movie(603, answer(**fields))


def british(*releases: tuple[str | None, int | None]) -> dict[str, Any]:
    dates = [{"certification": certification, "type": kind} for certification, kind in releases]
    return {
        "results": [
            {"iso_3166_1": "DE", "release_dates": [{"certification": "12", "type": 3}]},
            {"iso_3166_1": "GB", "release_dates": dates},
        ]
    }


def crew(*members: tuple[str, str]) -> dict[str, Any]:
    return {"crew": [{"name": name, "job": job} for name, job in members]}


def test_everything_that_is_used_is_read() -> None:
    assert movie(
        credits=crew(("Zoë Größe", "Director")),
        release_dates=british(("12A ", 3)),
        external_ids={"imdb_id": "tt0133093"},
    ) == Movie(
        tmdb_id=603,
        imdb_id="tt0133093",
        overview="A lighthouse keeper waits for ship 603.",
        tagline="Wait for 603.",
        release_year=1953,
        runtime=63,
        genres="Drama",
        original_language="en",
        budget=1_000_603,
        revenue=5_000_000_603,
        production_companies="Studio 3, Grün & Söhne",
        directors="Zoë Größe",
        uk_certification="12a",
        vote_average=0.3,
    )


def test_unknown_fields_are_ignored() -> None:
    assert movie(surprise={"deep": [1]}, credits={"crew": [], "chef": 1}) == movie()


def test_a_film_of_which_nothing_is_known_is_empty() -> None:
    assert tmdb.movie(603, {"id": 603}) == Movie(tmdb_id=603)


def test_null_is_as_good_as_absent() -> None:
    assert tmdb.movie(603, dict.fromkeys(answer()) | {"id": 603}) == Movie(tmdb_id=603)


@pytest.mark.parametrize("field", ["budget", "revenue", "runtime"])
def test_zero_means_unknown(field: str) -> None:
    assert getattr(movie(**{field: 0}), field) is None


def test_a_score_without_votes_is_none() -> None:
    assert movie(vote_average=0.0, vote_count=0).vote_average is None
    assert movie(vote_average=5.0, vote_count=None).vote_average is None


def test_a_score_of_zero_with_votes_is_a_score() -> None:
    assert movie(vote_average=0, vote_count=1).vote_average == 0


@pytest.mark.parametrize(
    ("date", "year"), [("1999-03-31", 1999), ("", None), ("soon", None), ("0000-01-01", None), ("1999", None)]
)
def test_the_year_comes_from_the_release_date(date: str, year: int | None) -> None:
    assert movie(release_date=date).release_year == year


@pytest.mark.parametrize(
    ("elsewhere", "own", "expected"),
    [
        ("tt0133093", "tt0000001", "tt0133093"),
        (None, "tt0133093", "tt0133093"),
        ("nonsense", "tt0133093", "tt0133093"),
        ("", "", ""),
        ("tt123456", "0133093", ""),
        ("tt" + "9" * 500, None, ""),
        ("tt" + "\u0663" * 7, None, ""),
        ("tt0133093\n1", None, ""),
    ],
)
def test_the_imdb_id_is_tt_and_seven_digits_or_more_or_empty(elsewhere: str, own: str, expected: str) -> None:
    assert movie(external_ids={"imdb_id": elsewhere}, imdb_id=own).imdb_id == expected


def test_directors_are_all_with_that_job_once_and_in_order() -> None:
    made_by = crew(
        ("Zoë", "Director"), ("Ann", "Writer"), ("Bea", "Director"), ("Zoë", "Director"), ("Jo", "Co-Director")
    )
    assert movie(credits=made_by).directors == "Zoë, Bea"


@pytest.mark.parametrize(
    ("releases", "expected"),
    [
        ([("", 1), ("E", 4), ("12A", 3), ("15", 3)], "12a"),
        ([("", 3), (" PG ", 5)], "pg"),
        ([("  ", 3), (None, 3), ("U", None)], "u"),
        ([], ""),
    ],
)
def test_the_british_certificate_is_the_first_one_given_of_cinemas_first(
    releases: list[tuple[str | None, int | None]], expected: str
) -> None:
    assert movie(release_dates=british(*releases)).uk_certification == expected


def test_other_regions_give_no_british_certificate() -> None:
    assert movie(release_dates={"results": [{"iso_3166_1": "DE", "release_dates": None}]}).uk_certification == ""


def test_text_keeps_its_letters_and_its_length_but_no_nul() -> None:
    assert movie(tagline=" Zoë\0 🎬 ").tagline == "Zoë 🎬"
    assert len(movie(overview="ü" * 100_000).overview) == 100_000
    assert movie(production_companies=[{"name": "\0"}, {"name": "A\0B"}]).production_companies == "AB"


@pytest.mark.parametrize(
    "wrong",
    [
        {"runtime": "104"},
        {"runtime": 2**31},
        {"runtime": -1},
        {"budget": 2**63},
        {"budget": -1},
        {"revenue": 1.5},
        {"revenue": True},
        {"overview": 5},
        {"tagline": ["a"]},
        {"vote_average": 11},
        {"vote_average": float("nan")},
        {"vote_count": "many"},
        {"genres": {"name": "Drama"}},
        {"genres": [None]},
        {"credits": []},
        {"credits": {"crew": ["Zoë"]}},
        {"external_ids": "tt0133093"},
        {"release_dates": {"results": 1}},
        {"id": None},
        {"id": "603"},
    ],
)
def test_a_wrong_type_is_named_and_its_value_is_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(RemoteResponseError, match="The answer of TMDB about film 603 is not understood: ") as caught:
        movie(**wrong)
    assert next(iter(wrong)) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert "Zoë" not in str(caught.value)


def fits(film: Movie) -> bool:
    texts = [value for name in Movie.__slots__ if isinstance(value := getattr(film, name), str)]
    numbers = [film.budget or 0, film.revenue or 0, (film.runtime or 0) << 32, (film.release_year or 0) << 32]
    return all("\0" not in text and text.encode() is not None for text in texts) and all(
        0 <= number < 2**63 for number in numbers
    )


@given(st.dictionaries(st.sampled_from(sorted(answer())) | st.text(), JSON))
def test_any_object_is_a_film_or_not_understood(fields: dict[str, Any]) -> None:
    try:
        film = tmdb.movie(603, {"id": 603} | fields)
    except RemoteResponseError:
        return
    assert fits(film)


@given(st.sampled_from(sorted(answer())), JSON)
def test_any_single_surprise_is_a_film_or_not_understood(field: str, value: object) -> None:
    try:
        film = movie(**{field: value})
    except RemoteResponseError:
        return
    assert fits(film)


@given(st.dictionaries(st.sampled_from(["id", "imdb_id"]) | st.text(), JSON))
def test_any_object_is_external_ids_or_not_understood(fields: dict[str, Any]) -> None:
    try:
        ids = tmdb.external_ids(603, fields)
    except RemoteResponseError:
        return
    assert ids.imdb_id is None or ids.imdb_id.startswith("tt")


def connected(handler: Callable[[httpx2.Request], httpx2.Response], key: str = KEY) -> Any:
    transport = httpx2.MockTransport(handler)
    return tmdb.connect(key, "https://tmdb.example/3", requests_per_second=None, transport=transport)


def test_one_request_a_film_brings_everything() -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json=answer())

    with connected(handler) as source:
        assert source.movies([603]) == {603: movie()}
    (request,) = requests
    assert request.url.path == "/3/movie/603"
    assert dict(request.url.params) == {
        "append_to_response": "external_ids,release_dates,credits",
        "api_key": KEY,
    }


@pytest.mark.parametrize("key", [KEY, f" {KEY}\n"])
def test_a_short_key_goes_into_the_query(key: str) -> None:
    with connected(
        lambda request: httpx2.Response(200, json={"imdb_id": str(request.url.params["api_key"])}), key
    ) as source:
        assert source.external_ids([603]) == {603: ExternalIds(None)}


def test_a_token_goes_into_a_header_and_nowhere_else() -> None:
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(404, json={})

    with connected(handler, f"{TOKEN}\n") as source:
        assert source.external_ids([603]) == {603: None}
    assert requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in str(requests[0].url)
    assert str(requests[0].url) == "https://tmdb.example/3/movie/603/external_ids"


def refuse(_: httpx2.Request) -> httpx2.Response:
    raise AssertionError


def test_without_a_key_nothing_is_asked() -> None:
    with pytest.raises(RemoteRejectedError, match="no API key for TMDB: set TMDB_API_KEY"), connected(refuse, " "):
        pass


def test_a_refused_key_ends_everything() -> None:
    with (
        connected(lambda _: httpx2.Response(401, json={"status_code": 7})) as source,
        pytest.raises(RemoteRejectedError, match="TMDB refused the API key"),
    ):
        source.movies([1, 2, 3])


def test_each_film_has_an_outcome_of_its_own() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        number = int(request.url.path.rpartition("/")[2])
        status = {2: 404, 3: 422}.get(number, 200)
        wrong: dict[str, Any] = {"budget": "all"} if number == 4 else {}
        return httpx2.Response(status, json=answer() | films.details(number) | wrong)

    with connected(handler) as source:
        found = source.movies([1, 2, 3, 4, 1])
    assert list(found) == [1, 2, 3, 4]
    assert isinstance(found[1], Movie)
    assert found[2] is None
    assert isinstance(found[3], RemoteRejectedError)
    assert isinstance(found[4], RemoteResponseError)


def test_an_unknown_imdb_id_is_not_the_same_as_an_unknown_film() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        number = request.url.path.split("/")[3]
        return httpx2.Response(404 if number == "2" else 200, json={"imdb_id": "tt0133093" if number == "1" else None})

    with connected(handler) as source:
        assert source.external_ids([1, 2, 3]) == {1: ExternalIds("tt0133093"), 2: None, 3: ExternalIds(None)}


def looked_up(response: httpx2.Response) -> tuple[Any, Any]:
    """What becomes of a film's details, and of its ids, when everything is answered like this."""

    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(response.status_code, headers=response.headers, content=response.content)

    with stamina.set_testing(testing=True, attempts=1), connected(handler) as source:
        return source.movies([603])[603], source.external_ids([603])[603]


@pytest.mark.parametrize("part", tmdb.PARTS)
@pytest.mark.parametrize("is_null", [True, False])
def test_details_without_a_part_that_was_asked_for_say_nothing(part: str, *, is_null: bool) -> None:
    body = {**answer(), part: None}
    if not is_null:
        del body[part]
    found, _ = looked_up(httpx2.Response(200, json=body))
    assert isinstance(found, RemoteUnavailableError)
    assert str(found) == f"TMDB answered without {part}: try again later"


@pytest.mark.parametrize("part", tmdb.PARTS)
@pytest.mark.parametrize(
    "error", [{"success": False}, {"status_code": 11, "status_message": "Internal error."}], ids=str
)
def test_details_with_an_error_in_the_place_of_a_part_say_nothing(part: str, error: dict[str, Any]) -> None:
    found, _ = looked_up(httpx2.Response(200, json=answer(**{part: error})))
    assert isinstance(found, RemoteUnavailableError)
    assert str(found) == f"TMDB answered without {part}: try again later"


@pytest.mark.parametrize("other", [604, "604", 0, "", True, [603]], ids=repr)
def test_an_answer_about_something_else_says_nothing(other: object) -> None:
    for found in looked_up(httpx2.Response(200, json=answer(id=other))):
        assert isinstance(found, RemoteUnavailableError)


def test_details_of_no_film_say_nothing() -> None:
    found, ids = looked_up(httpx2.Response(200, json=answer(id=None)))
    assert str(found) == "TMDB answered without id: try again later"
    assert ids == ExternalIds(films.imdb_id(603))


def test_an_empty_part_is_an_answer() -> None:
    found, _ = looked_up(httpx2.Response(200, json=answer(release_dates={}, credits={}, external_ids={})))
    assert isinstance(found, Movie)


@pytest.mark.parametrize("ids", [{"imdb_id": None}, {"imdb_id": ""}, {"id": 603, "imdb_id": None, "wikidata_id": None}])
def test_no_imdb_id_is_an_answer(ids: dict[str, Any]) -> None:
    assert looked_up(httpx2.Response(200, json=ids))[1] == ExternalIds(None)


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, json={}),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json=None),
        httpx2.Response(200, json="tt0133093"),
        httpx2.Response(200, json=603),
        httpx2.Response(200, json={"id": 603}),
        httpx2.Response(200, json=answer(id=604)),
        httpx2.Response(200, json={"success": False, "status_code": 34, "status_message": "Not found"}),
        httpx2.Response(200, json={"status_code": 25}),
        httpx2.Response(200, json=answer(success=False)),
        httpx2.Response(200, json=answer(imdb_id=None, status_code=11)),
        httpx2.Response(200, content=b""),
        httpx2.Response(200, content=b"\xef\xbb\xbf"),
        httpx2.Response(200, text="OK"),
        httpx2.Response(200, text="<html>soon</html>"),
        httpx2.Response(200, text="soon", headers={"Content-Type": "text/html"}),
        httpx2.Response(404, text="<html>no such page</html>"),
        httpx2.Response(200, content=b"x\x9c\x03\x00\x00\x00\x00\x01"),
        httpx2.Response(200, content=b"\x8b\x02\x80{}\x03"),
        httpx2.Response(200, content=b"(\xb5/\xfd\x04\x00"),
        httpx2.Response(200, content=b"\x1f\x8b\x08\x00"),
        httpx2.Response(204),
        httpx2.Response(206, text='{"id": 60'),
        httpx2.Response(301, headers={"Location": "https://tmdb.elsewhere.example/3"}),
        httpx2.Response(302),
        httpx2.Response(304),
        *[httpx2.Response(status, json={}) for status in (408, 425, 429, 500, 502, 503, 504, 520)],
    ],
    ids=repr,
)
def test_what_is_no_answer_about_the_film_means_unavailable(response: httpx2.Response) -> None:
    for found in looked_up(response):
        assert isinstance(found, RemoteUnavailableError)
        assert str(found).count("TMDB") == len(str(found).splitlines()) == 1


@pytest.mark.parametrize("status", [400, 405, 410, 422, 451])
def test_a_refusal_is_an_answer_about_the_film(status: int) -> None:
    for found in looked_up(httpx2.Response(status, json={"success": False, "status_code": 5})):
        assert isinstance(found, RemoteRejectedError)


def test_a_byte_order_mark_does_no_harm() -> None:
    body = httpx2.Response(200, json=answer()).content
    assert looked_up(httpx2.Response(200, content=b"\xef\xbb\xbf" + body)) == (movie(), ExternalIds(movie().imdb_id))


def test_ten_answers_in_a_row_that_say_nothing_end_everything() -> None:
    with (
        connected(lambda _: httpx2.Response(200, json={"id": 603})) as source,
        pytest.raises(RemoteUnavailableError, match="TMDB was unavailable 10 times in a row: TMDB answered"),
    ):
        source.movies(range(1, 30))


@given(JSON)
def test_any_json_is_a_film_or_what_became_of_asking_for_it(content: object) -> None:
    judged = tmdb.about_film_or_unavailable(Reply(content, httpx2.Headers()), tmdb_id=603, lacking=tmdb.lacking_parts)
    assert isinstance(judged, Reply | RemoteUnavailableError)
