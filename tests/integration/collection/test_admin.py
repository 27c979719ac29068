import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backend.collection.models import DVD
from tests.integration.collection.factories import dvd

pytestmark = pytest.mark.django_db
LIST = reverse("admin:collection_dvd_changelist")
TYPED = {
    "name": "Alien",
    "status": "kept",
    "media_type": "physical",
    "disk_type": "DVD",
    "copy_number": "1",
    "qualities": "[]",
}


@pytest.mark.parametrize(("query", "found"), [("ridley", 1), ("348", 1), ("tt0078748", 1), ("34", 0), ("cameron", 0)])
def test_dvds_are_found_by_director_and_by_complete_ids(admin_client: Client, query: str, found: int) -> None:
    dvd(name="Alien", director="Ridley Scott", tmdb_id=348, imdb_id="tt0078748")
    answer = admin_client.get(LIST, {"q": query})
    assert answer.context["cl"].result_count == found


def test_a_dvd_typed_in_is_stored_with_its_certification_in_lower_case(admin_client: Client) -> None:
    answer = admin_client.post(reverse("admin:collection_dvd_add"), {**TYPED, "uk_certification": "12A"})
    assert answer.status_code == 302
    assert DVD.objects.get(name="Alien").uk_certification == "12a"


def test_a_place_that_is_no_number_is_told_at_the_form(admin_client: Client) -> None:
    answer = admin_client.post(reverse("admin:collection_dvd_add"), {**TYPED, "status": "unboxed", "location": "shelf"})
    assert "The location of an unboxed DVD must be a number." in answer.content.decode()
    assert not DVD.objects.exists()


def test_only_long_texts_have_room_for_many_lines(admin_client: Client) -> None:
    form = admin_client.get(reverse("admin:collection_dvd_change", args=[dvd().pk])).content.decode()
    assert form.count("<textarea") == 2


@pytest.mark.parametrize(
    ("typed", "forgotten"),
    [
        ({"tmdb_id": "349"}, {"details_asked_at", "imdb_id_asked_at"}),
        ({"imdb_id": "tt0078749"}, {"availability_asked_at"}),
        ({"name": "Aliens"}, set()),
    ],
)
def test_a_dvd_with_another_id_is_looked_up_again(
    admin_client: Client, typed: dict[str, str], forgotten: set[str]
) -> None:
    notes = ("details_asked_at", "imdb_id_asked_at", "availability_asked_at")
    film = dvd(name="Alien", tmdb_id=348, imdb_id="tt0078748", **dict.fromkeys(notes, timezone.now()))
    form = {**TYPED, "tmdb_id": "348", "imdb_id": "tt0078748", **typed}
    assert admin_client.post(reverse("admin:collection_dvd_change", args=[film.pk]), form).status_code == 302
    film.refresh_from_db()
    assert {name for name in notes if getattr(film, name) is None} == forgotten
