from datetime import timedelta

import pytest
from django.utils import timezone

from backend.collection import services
from backend.collection.models import DVD
from tests.integration.collection.factories import dvd

pytestmark = pytest.mark.django_db


def test_dvds_with_an_imdb_id_can_be_asked_for() -> None:
    wanted = dvd(imdb_id="tt0000001")
    dvd()
    assert [row["pk"] for row in services.dvds_with_imdb_id()] == [wanted.pk]


def test_recent_dvds_are_those_added_in_the_last_days() -> None:
    recent, old = dvd(imdb_id="tt0000001"), dvd(imdb_id="tt0000002")
    DVD.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    assert [row["pk"] for row in services.dvds_with_imdb_id(added_in_days=30)] == [recent.pk]


def test_a_dvd_that_was_asked_for_a_short_while_ago_is_left_out() -> None:
    now = timezone.now()
    never = dvd(imdb_id="tt0000001")
    aged = dvd(imdb_id="tt0000002", availability_asked_at=now - timedelta(hours=25))
    dvd(imdb_id="tt0000003", availability_asked_at=now - timedelta(hours=23))
    rows = services.due(services.dvds_with_imdb_id(), "availability", after=timedelta(hours=24))
    assert {row["pk"] for row in rows} == {never.pk, aged.pk}
