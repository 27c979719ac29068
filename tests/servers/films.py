"""Films that never existed, always the same ones for the same number."""

from typing import Any

NAMES = ("Jo Marin", "Ann Roux", "Zoë Größe", "Łukasz Żak", "青木 遥", "Bea O'Neil 🎬")
GENRES = ((18, "Drama"), (35, "Comedy"), (99, "Documentary"))
CERTIFICATES = ("U", "PG", "12A", "15", "18")


def imdb_id(tmdb_id: int) -> str:
    """Return a film's IMDb id."""
    return f"tt{tmdb_id:07}"


def details(tmdb_id: int) -> dict[str, Any]:
    """Return what `/movie/{id}` has for a film."""
    title = f"The Tide {tmdb_id}"
    return {
        "id": tmdb_id,
        "imdb_id": imdb_id(tmdb_id),
        "title": title,
        "original_title": title,
        "original_language": ("en", "de", "ja")[tmdb_id % 3],
        "overview": f"A lighthouse keeper waits for ship {tmdb_id}.",
        "tagline": f"Wait for {tmdb_id}.",
        "homepage": "",
        "release_date": f"{1950 + tmdb_id % 75}-09-15",
        "runtime": 60 + tmdb_id % 120,
        "status": "Released",
        "genres": [{"id": number, "name": name} for number, name in GENRES[: 1 + tmdb_id % 3]],
        "poster_path": f"/{tmdb_id}.jpg",
        "backdrop_path": None,
        "belongs_to_collection": None,
        "production_companies": [
            {"id": 7, "name": f"Studio {tmdb_id % 50}", "logo_path": None, "origin_country": "GB"},
            {"id": 8, "name": "Grün & Söhne", "logo_path": None, "origin_country": "DE"},
        ],
        "production_countries": [{"iso_3166_1": "GB", "name": "United Kingdom"}],
        "spoken_languages": [{"english_name": "English", "iso_639_1": "en", "name": "English"}],
        "vote_average": (tmdb_id % 100) / 10,
        "vote_count": 1 + tmdb_id % 500,
        "popularity": 3.1,
        "budget": 1_000_000 + tmdb_id,
        "revenue": 5_000_000_000 + tmdb_id,
        "adult": False,
        "video": False,
    }


def external_ids(tmdb_id: int) -> dict[str, Any]:
    """Return what `external_ids` has."""
    others = dict.fromkeys(("wikidata_id", "facebook_id", "instagram_id", "twitter_id"))
    return {"imdb_id": imdb_id(tmdb_id), **others}


def release_dates(tmdb_id: int) -> dict[str, Any]:
    """Return what `release_dates` has: in Britain first a premiere, which has no certificate."""
    certificate = CERTIFICATES[tmdb_id % len(CERTIFICATES)]
    british = [_release("", 1), _release("E", 4), _release(certificate, 3)]
    return {
        "results": [
            {"iso_3166_1": "DE", "release_dates": [_release("12", 3)]},
            {"iso_3166_1": "GB", "release_dates": british},
        ]
    }


def _release(certification: str, kind: int) -> dict[str, Any]:
    return {
        "certification": certification,
        "descriptors": [],
        "iso_639_1": "",
        "note": "",
        "release_date": "1999-03-31T00:00:00.000Z",
        "type": kind,
    }


def credit_list(tmdb_id: int) -> dict[str, Any]:
    """Return what `credits` has: 20 in the cast, 40 in the crew, of whom two direct."""
    jobs = ["Director", "Writer", "Director", *["Grip"] * 37]
    return {
        "cast": [
            _person(tmdb_id, place) | {"character": f"Sailor {place}", "order": place, "cast_id": place}
            for place in range(20)
        ],
        "crew": [_person(tmdb_id, 20 + place) | {"job": job, "department": "Crew"} for place, job in enumerate(jobs)],
    }


def _person(tmdb_id: int, place: int) -> dict[str, Any]:
    name = NAMES[(tmdb_id + place) % len(NAMES)]
    return {
        "id": place,
        "name": name,
        "original_name": name,
        "credit_id": f"{tmdb_id:x}-{place}",
        "profile_path": None,
        "gender": 1,
        "known_for_department": "Acting",
    }
