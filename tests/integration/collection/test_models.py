from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from backend.collection.models import DVD
from tests.integration.collection.factories import dvd

pytestmark = pytest.mark.django_db
LONG = "ü" * 100_000


def test_saving_lower_cases_the_certification_and_leaves_its_blanks() -> None:
    stored = dvd(uk_certification=" 12A ")
    stored.refresh_from_db()
    assert stored.uk_certification == " 12a "


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "unboxed", "location": ""},
        {"status": "unboxed", "location": "shelf"},
        {"status": "unboxed", "location": "07"},
        {"status": "unboxed", "location": "-7"},
        {"status": "unboxed", "location": "\u0667"},
        {"imdb_id": "tt123456"},
        {"imdb_id": "1234567"},
        {"imdb_id": "tt1234567x"},
        {"rating": Decimal("10.1")},
        {"rating": Decimal("-0.1")},
        {"tmdb_user_score": Decimal("10.1")},
        {"budget": -1},
        {"revenue": -1},
    ],
)
def test_what_a_dvd_cannot_be_is_refused_by_its_form_and_by_the_database(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DVD(name="Film", **wrong).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        DVD.objects.bulk_create([DVD(name="Film", **wrong)])


@pytest.mark.parametrize(
    "right",
    [
        {"status": "unboxed", "location": "0"},
        {"status": "unboxed", "location": "12"},
        {"status": "kept", "location": "shelf"},
        {"imdb_id": "tt1234567"},
        {"imdb_id": "tt123456789"},
        {"rating": Decimal("10.0"), "tmdb_user_score": Decimal("0.0")},
        {"budget": 2**63 - 1},
        {"overview": LONG, "genres": LONG, "production_companies": LONG, "tagline": LONG, "director": LONG},
    ],
)
def test_what_a_dvd_can_be_is_accepted_by_its_form_and_by_the_database(right: dict[str, Any]) -> None:
    DVD(name="Film", **right).full_clean()
    stored = dvd(**right)
    stored.refresh_from_db()
    assert {name: getattr(stored, name) for name in right} == right


def test_the_location_of_an_unboxed_dvd_is_its_own() -> None:
    dvd(status="unboxed", location="12")
    with pytest.raises(ValidationError, match="Another unboxed DVD has this location"):
        DVD(name="Film", status="unboxed", location="12").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        dvd(status="unboxed", location="12")


def test_dvds_in_their_boxes_may_share_a_place() -> None:
    dvd(status="unboxed", location="12")
    for _ in range(2):
        dvd(status="kept", location="12")
    assert DVD.objects.filter(location="12").count() == 3


def test_a_dvd_is_called_by_name_and_year() -> None:
    assert str(DVD(name="Alien", release_year=1979)) == "Alien (1979)"
    assert str(DVD(name="Alien")) == "Alien"


@pytest.mark.parametrize(("name", "accepted"), [("a.jpg", True), ("a.JPEG", True), ("a.webp", True), ("a.gif", False)])
def test_a_poster_has_a_format_that_the_clean_up_knows(name: str, accepted: bool) -> None:  # noqa: FBT001
    film = DVD(name="Alien", poster=SimpleUploadedFile(name, b"x"))
    if accepted:
        film.clean()
        return
    with pytest.raises(ValidationError, match=r"end in \.jpg, \.jpeg, \.png, \.webp"):
        film.clean()


def test_a_poster_of_before_stays_whatever_its_format() -> None:
    DVD(name="Alien", poster="posters/a.gif").clean()
