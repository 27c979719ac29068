"""What TMDB knows about a film, as plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Movie:
    """The details of one film. Absent text is empty, absent numbers are None; every value fits its database column."""

    tmdb_id: int
    imdb_id: str = ""
    """`tt` and 7 or more digits."""
    overview: str = ""
    tagline: str = ""
    release_year: int | None = None
    runtime: int | None = None
    """Minutes."""
    genres: str = ""
    """Names joined by `, `, like companies and directors."""
    original_language: str = ""
    """ISO 639-1, such as `en`."""
    budget: int | None = None
    """US dollars, like revenue."""
    revenue: int | None = None
    production_companies: str = ""
    directors: str = ""
    uk_certification: str = ""
    """Lower case, such as `12a`."""
    vote_average: float | None = None
    """0 to 10; None when nobody has voted."""


@dataclass(frozen=True, slots=True)
class ExternalIds:
    """The names of one film in other catalogues."""

    imdb_id: str | None
    """`tt` and 7 or more digits; None when TMDB knows no (valid) one."""
