from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.collection.kernel import refresh
from backend.collection.kernel.answers import Failure
from backend.collection.kernel.movie import Movie
from tests.unit.collection.factories import movie, refresh_row, stored
from upkeep.operations.plans import Change

FOLLOWING = {
    "tagline": "Ours",
    "budget": 1,
    "revenue": 2,
    "production_companies": "Ours",
    "director": "Ours",
    "uk_certification": "u",
    "rating": Decimal("1.0"),
    "tmdb_user_score": Decimal("1.0"),
}
FILLED = {
    "overview": "Ours",
    "genres": "Ours",
    "runtime": 1,
    "release_year": 1900,
    "original_language": "xx",
    "imdb_id": "tt0000001",
}
TEXT = st.sampled_from(["", "one", "One, two", "ž"])
NUMBER = st.none() | st.integers(1, 2**31 - 1)
SCORES = st.none() | st.decimals(0, 10, places=1)


def change(row: refresh.Row, answer: Movie | Failure) -> Change:
    [only] = refresh.plan([row], {row["tmdb_id"]: answer})
    return only


def rows() -> st.SearchStrategy[refresh.Row]:
    texts = dict.fromkeys(("tagline", "director", "production_companies", "overview", "genres", "imdb_id"), TEXT)
    texts["uk_certification"] = st.sampled_from(["", "15", " 12A "])
    numbers = dict.fromkeys(("budget", "revenue", "runtime", "release_year"), NUMBER)
    scores = dict.fromkeys(("rating", "tmdb_user_score"), SCORES)
    return st.builds(refresh_row, **texts, **numbers, **scores)


def movies() -> st.SearchStrategy[Movie]:
    texts = dict.fromkeys(("tagline", "directors", "production_companies", "overview", "genres", "imdb_id"), TEXT)
    texts["uk_certification"] = st.sampled_from(["", "15", "12A"])
    numbers = dict.fromkeys(("budget", "revenue", "runtime", "release_year"), NUMBER)
    return st.builds(movie, **texts, **numbers, vote_average=st.none() | st.floats(0, 10))


@given(row=rows(), answer=movies())
def test_the_same_answer_a_second_time_changes_nothing(row: refresh.Row, answer: Movie) -> None:
    first = change(row, answer)
    second = change(stored(row, first.payload), answer)
    assert (second.action, second.fields, second.payload) == ("unchanged", {}, {})


@given(row=rows(), answer=movies())
def test_a_value_of_ours_is_never_replaced_by_an_empty_one(row: refresh.Row, answer: Movie) -> None:
    before: dict[str, Any] = {**row}
    after = stored(row, change(row, answer).payload)
    lost = [name for name, value in after.items() if value in ("", None) and before[name] not in ("", None)]
    assert lost == []


@given(row=rows(), answer=movies())
def test_what_is_recorded_is_what_is_written(row: refresh.Row, answer: Movie) -> None:
    planned = change(row, answer)
    assert {name: after for name, (_, after) in planned.fields.items()} == planned.payload
    assert (planned.action == "updated") is bool(planned.fields)


def test_a_dvd_of_which_nothing_is_known_gets_everything() -> None:
    planned = change(refresh_row(), movie())
    assert planned.action == "updated"
    assert planned.payload == {
        "tagline": "He waits.",
        "budget": 1_000_000,
        "revenue": 5_000_000_000,
        "production_companies": "Tide, Films du Phare",
        "director": "Ann Roux",
        "uk_certification": "12a",
        "rating": 6.8,
        "tmdb_user_score": 6.8,
        "overview": "A lighthouse keeper waits.",
        "genres": "Drama",
        "runtime": 104,
        "release_year": 2021,
        "original_language": "fr",
        "imdb_id": "tt9000010",
    }


def test_eight_details_follow_tmdb_even_when_we_have_another_value() -> None:
    planned = change(refresh_row(**FOLLOWING, **FILLED), movie())
    assert planned.payload.keys() == FOLLOWING.keys()
    assert planned.fields["rating"] == (1.0, 6.8)


@pytest.mark.parametrize("name", FILLED)
def test_what_the_owner_typed_is_only_filled_while_it_is_blank(name: str) -> None:
    blank: dict[str, Any] = {**FILLED, name: refresh_row()[name]}  # type: ignore[literal-required]
    assert name in change(refresh_row(**blank), movie()).payload
    assert name not in change(refresh_row(**FILLED), movie()).payload


def test_the_name_the_owner_gave_is_never_touched() -> None:
    planned = change(refresh_row(name="My film"), movie())
    assert "name" not in planned.payload
    assert planned.label == "My film"


@pytest.mark.parametrize(("average", "rating"), [(6.84, 6.8), (6.85, 6.9), (6.0, 6.0), (9.96, 10.0), (0.04, 0.0)])
def test_scores_are_rounded_to_one_decimal_half_up(average: float, rating: float) -> None:
    assert change(refresh_row(), movie(vote_average=average)).payload["rating"] == rating


def test_a_score_that_only_differs_behind_its_stored_decimal_is_no_change() -> None:
    row = refresh_row(rating=Decimal("6.8"), tmdb_user_score=Decimal("6.8"))
    assert change(row, Movie(tmdb_id=900_001, vote_average=6.8449)).action == "unchanged"


def test_certifications_are_stored_in_lower_case() -> None:
    assert change(refresh_row(), movie(uk_certification="12A")).payload["uk_certification"] == "12a"


def test_a_film_that_tmdb_knows_nothing_about_is_unchanged_and_noted_as_asked() -> None:
    planned = change(refresh_row(), Movie(tmdb_id=900_001))
    assert (planned.action, planned.payload, planned.has_effect) == ("unchanged", {}, True)


@pytest.mark.parametrize("reason", ["not_found", "not_understood", "rejected", "unavailable"])
def test_a_failure_changes_nothing_and_says_why(reason: str) -> None:
    planned = change(refresh_row(), Failure(reason, "TMDB answered 503"))
    assert (planned.action, planned.reason, planned.payload) == ("failed", reason, {})
    assert planned.label == "The Long Tide: TMDB answered 503"


def test_copies_of_a_film_share_its_answer() -> None:
    planned = refresh.plan([refresh_row(pk=1), refresh_row(pk=2)], {900_001: movie()})
    assert [(only.key, only.action) for only in planned] == [("1", "updated"), ("2", "updated")]
