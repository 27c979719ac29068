"""What TMDB answers about a film, as far as it is used, and the film that it makes.

The fields: https://developer.themoviedb.org/reference/movie-details, and its neighbours for what is appended.
"""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from backend.collection.amounts import BigInteger, Integer
from backend.collection.kernel.movie import Movie
from upkeep.remote.wire import Answer, Array, Text

IMDB_ID = re.compile(r"tt[0-9]{7,16}")
"""Seven digits or more, and not so many that no column holds them."""

RELEASE_DATE = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}")

THEATRICAL = 3


class Named(Answer):
    """A genre or a company."""

    name: Text = ""


class CrewMember(Named):
    """One job of one person."""

    job: Text = ""


class Credits(Answer):
    """Who made the film."""

    crew: Array[CrewMember] = []


class ReleaseDate(Answer):
    """One release in one region."""

    certification: Text = ""
    type: int | None = None


class Region(Answer):
    """The releases in one region."""

    iso_3166_1: Text = ""
    release_dates: Array[ReleaseDate] = []


class ReleaseDates(Answer):
    """The releases everywhere; a region may be missing."""

    results: Array[Region] = []


class ExternalIdsAnswer(Answer):
    """The film in other catalogues."""

    imdb_id: Text = ""

    @property
    def valid_imdb_id(self) -> str:
        """The IMDb id; empty unless it has the form of one."""
        return self.imdb_id if IMDB_ID.fullmatch(self.imdb_id) else ""


class Details(ExternalIdsAnswer):
    """A film with everything that was appended to it."""

    id: int
    overview: Text = ""
    tagline: Text = ""
    release_date: Text = ""
    runtime: Integer = 0
    genres: Array[Named] = []
    original_language: Text = ""
    budget: BigInteger = 0
    revenue: BigInteger = 0
    production_companies: Array[Named] = []
    vote_average: Annotated[float, Field(ge=0, le=10)] | None = None
    vote_count: Integer = 0
    external_ids: ExternalIdsAnswer | None = None
    release_dates: ReleaseDates | None = None
    credits: Credits | None = None

    def movie(self) -> Movie:
        """Return the film in our own terms."""
        crew = self.credits.crew if self.credits else []
        elsewhere = self.external_ids.valid_imdb_id if self.external_ids else ""
        return Movie(
            tmdb_id=self.id,
            imdb_id=elsewhere or self.valid_imdb_id,
            overview=self.overview,
            tagline=self.tagline,
            release_year=self._release_year(),
            runtime=self.runtime or None,
            genres=_joined(genre.name for genre in self.genres),
            original_language=self.original_language,
            budget=self.budget or None,
            revenue=self.revenue or None,
            production_companies=_joined(company.name for company in self.production_companies),
            directors=_joined(member.name for member in crew if member.job == "Director"),
            uk_certification=self._certification("GB"),
            vote_average=self.vote_average if self.vote_count else None,
        )

    def _release_year(self) -> int | None:
        date = RELEASE_DATE.fullmatch(self.release_date)
        return (int(date[1]) or None) if date else None

    def _certification(self, code: str) -> str:
        """The first one given in a region, where a release in cinemas goes before the others."""
        regions = self.release_dates.results if self.release_dates else []
        dates = [date for region in regions if region.iso_3166_1 == code for date in region.release_dates]
        dates.sort(key=lambda date: date.type != THEATRICAL)
        return next((date.certification.lower() for date in dates if date.certification), "")


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))
