"""What TMDB's details change in our DVDs.

Payloads are the columns to write; an empty one notes that the DVD was looked up.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypedDict

from backend.collection.kernel.answers import Failure
from backend.collection.kernel.movie import Movie
from upkeep.operations.plans import Change

SCORE_STEP = Decimal("0.1")


class Row(TypedDict):
    """A DVD with a TMDB id, as stored."""

    pk: int
    name: str
    tmdb_id: int
    tagline: str
    budget: int | None
    revenue: int | None
    production_companies: str
    director: str
    uk_certification: str
    rating: Decimal | None
    tmdb_user_score: Decimal | None
    overview: str
    genres: str
    runtime: int | None
    release_year: int | None
    original_language: str
    imdb_id: str


COLUMNS = tuple(Row.__annotations__)


def plan(rows: Iterable[Row], answers: Mapping[int, Movie | Failure]) -> list[Change]:
    """One change a DVD; `answers` by TMDB id. The same answer a second time changes nothing."""
    return [_change(row, answers[row["tmdb_id"]]) for row in rows]


def _change(row: Row, answer: Movie | Failure) -> Change:
    key, label = str(row["pk"]), row["name"]
    if isinstance(answer, Failure):
        return answer.change(key, label)
    before = _stored(row)
    after = {name: value for name, value in _wanted(before, answer).items() if value != before[name]}
    fields = {name: (before[name], value) for name, value in after.items()}
    return Change("updated" if after else "unchanged", key, label, fields, payload=after)


def _wanted(before: Mapping[str, Any], movie: Movie) -> dict[str, Any]:
    """The values that the DVD should have; never an empty one, so that none of ours is lost."""
    blank = {name: value for name, value in _filled(movie).items() if before[name] in ("", None)}
    return {name: value for name, value in (_updated(movie) | blank).items() if value not in ("", None)}


def _updated(movie: Movie) -> dict[str, Any]:
    """What follows TMDB."""
    score = stored_score(movie.vote_average)
    return {
        "tagline": movie.tagline,
        "budget": movie.budget,
        "revenue": movie.revenue,
        "production_companies": movie.production_companies,
        "director": movie.directors,
        "uk_certification": movie.uk_certification.lower(),
        "rating": score,
        "tmdb_user_score": score,
    }


def _filled(movie: Movie) -> dict[str, Any]:
    """What is the owner's, and taken from TMDB only while it is blank."""
    return {
        "overview": movie.overview,
        "genres": movie.genres,
        "runtime": movie.runtime,
        "release_year": movie.release_year,
        "original_language": movie.original_language,
        "imdb_id": movie.imdb_id,
    }


def _stored(row: Row) -> dict[str, Any]:
    return {**row, "rating": stored_score(row["rating"]), "tmdb_user_score": stored_score(row["tmdb_user_score"])}


def stored_score(score: float | Decimal | None) -> float | None:
    """A score as its column holds it, with one decimal, in the form that JSON knows."""
    return None if score is None else float(Decimal(str(score)).quantize(SCORE_STEP, ROUND_HALF_UP))
