from decimal import Decimal
from typing import Any, cast

from backend.collection.kernel import availability, imdb_ids, refresh
from backend.collection.kernel.movie import Movie
from backend.collection.kernel.quality import Quality


def refresh_row(**overrides: Any) -> refresh.Row:
    """A DVD of which nothing but the name and the TMDB id is known."""
    blank: dict[str, Any] = {
        name: None if "None" in str(kind) else "" for name, kind in refresh.Row.__annotations__.items()
    }
    return cast("refresh.Row", {**blank, "pk": 1, "name": "The Long Tide", "tmdb_id": 900_001, **overrides})


def movie(**overrides: Any) -> Movie:
    """A film of which TMDB knows everything."""
    known: dict[str, Any] = {
        "tmdb_id": 900_001,
        "imdb_id": "tt9000010",
        "overview": "A lighthouse keeper waits.",
        "tagline": "He waits.",
        "release_year": 2021,
        "runtime": 104,
        "genres": "Drama",
        "original_language": "fr",
        "budget": 1_000_000,
        "revenue": 5_000_000_000,
        "production_companies": "Tide, Films du Phare",
        "directors": "Ann Roux",
        "uk_certification": "12a",
        "vote_average": 6.84,
    }
    return Movie(**{**known, **overrides})


def stored(row: refresh.Row, payload: dict[str, Any]) -> refresh.Row:
    """The row after its change was written: the database has scores as decimals."""
    scores = {name: Decimal(str(payload[name])) for name in ("rating", "tmdb_user_score") if name in payload}
    return cast("refresh.Row", {**row, **payload, **scores})


def imdb_row(**overrides: Any) -> imdb_ids.Row:
    return cast("imdb_ids.Row", {"pk": 1, "name": "The Long Tide", "tmdb_id": 900_001, **overrides})


def availability_row(**overrides: Any) -> availability.Row:
    blank = {"pk": 1, "name": "The Long Tide", "imdb_id": "tt9000010", "is_available": False, "qualities": []}
    return cast("availability.Row", {**blank, **overrides})


def quality(**overrides: Any) -> Quality:
    known: dict[str, Any] = {"quality": "1080p", "size_bytes": 1_986_422_374, "seeds": 12, "peers": 3}
    return Quality(**{**known, **overrides})
