import pytest

from backend.collection import services
from backend.collection.kernel import sample
from backend.collection.models import DVD
from tests.integration.collection.factories import dvd

pytestmark = pytest.mark.django_db


def rows(count: int) -> list[sample.Row]:
    return [row for page, _ in sample.pages(services.sample_films(), count)(None) for row in page]


def test_thirty_films_come_with_the_project() -> None:
    films = services.sample_films()
    assert len(films) == 30
    assert films[0] == sample.Film("The Matrix", 1999, 603, "15")


def test_every_sample_dvd_can_be_stored() -> None:
    services.create_dvds(sample.plan(rows(100), existing=set()))
    assert DVD.objects.count() == 100
    for stored in DVD.objects.all():
        stored.full_clean()


def test_what_is_there_is_known_by_its_tmdb_id() -> None:
    dvd(tmdb_id=603)
    dvd(tmdb_id=None)
    assert services.existing_tmdb_ids(rows(30)) == {603}


def test_clearing_sees_every_dvd() -> None:
    stored = dvd(tmdb_id=None, name="Mine")
    assert list(services.all_dvds()) == [{"pk": stored.pk, "name": "Mine"}]
