from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.collection import services
from backend.collection.models import DVD
from tests.integration.collection.factories import COMPLETE, dvd

pytestmark = pytest.mark.django_db


def to_refresh(*, force: bool = False, tmdb_id: int | None = None, recheck_after: int = 30) -> set[int]:
    rows = services.dvds_to_refresh(force=force, tmdb_id=tmdb_id, recheck_after=recheck_after)
    return {row["pk"] for row in rows}


def days_ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


@pytest.mark.parametrize("name", COMPLETE)
def test_a_dvd_that_lacks_any_of_six_details_is_refreshed(name: str) -> None:
    empty = None if isinstance(COMPLETE[name], int) else ""
    lacking = dvd(**{**COMPLETE, name: empty})
    dvd(**COMPLETE)
    assert to_refresh() == {lacking.pk}


def test_a_dvd_without_a_tmdb_id_cannot_be_refreshed() -> None:
    dvd(tmdb_id=None)
    assert to_refresh(force=True) == set()


def test_a_dvd_that_was_asked_for_is_not_asked_for_again_before_its_time() -> None:
    lately, long_ago = dvd(details_asked_at=days_ago(29)), dvd(details_asked_at=days_ago(31))
    assert to_refresh() == {long_ago.pk}
    assert to_refresh(recheck_after=28) == {lately.pk, long_ago.pk}


def test_force_takes_complete_and_lately_asked_dvds_too() -> None:
    expected = {dvd(**COMPLETE).pk, dvd(details_asked_at=days_ago(0)).pk}
    assert to_refresh(force=True) == expected


def test_a_tmdb_id_takes_all_copies_of_one_film_whatever_they_have() -> None:
    copies = {dvd(tmdb_id=603, **COMPLETE).pk, dvd(tmdb_id=603, details_asked_at=days_ago(0)).pk}
    dvd(tmdb_id=604)
    assert to_refresh(tmdb_id=603) == copies


def test_a_row_has_the_columns_that_the_plan_wants_and_no_other() -> None:
    stored = dvd(tagline="He waits.")
    [row] = services.dvds_to_refresh(force=False, tmdb_id=None, recheck_after=30)
    assert (row["pk"], row["tagline"], row["tmdb_id"]) == (stored.pk, "He waits.", stored.tmdb_id)
    assert "location" not in row


def test_only_dvds_with_a_tmdb_id_and_no_imdb_id_get_one() -> None:
    wanted = dvd()
    dvd(imdb_id="tt0000001")
    dvd(tmdb_id=None)
    dvd(imdb_id_asked_at=days_ago(29))
    aged = dvd(imdb_id_asked_at=days_ago(31), details_asked_at=days_ago(0))
    assert {row["pk"] for row in services.dvds_without_imdb_id(recheck_after=30)} == {wanted.pk, aged.pk}


def test_coverage_counts_the_dvds_with_a_tmdb_id() -> None:
    dvd(**COMPLETE)
    dvd(tagline="He waits.")
    dvd()
    dvd(tmdb_id=None, tagline="Unknown to TMDB")
    lines = [str(covered) for covered in services.coverage()]
    assert lines == [
        "Taglines: 2/3 (66.7%)",
        "Budgets: 1/3 (33.3%)",
        "Revenues: 1/3 (33.3%)",
        "Production companies: 1/3 (33.3%)",
        "Directors: 1/3 (33.3%)",
        "UK certifications: 1/3 (33.3%)",
    ]


def test_coverage_of_no_dvds_is_nothing_of_nothing() -> None:
    assert not DVD.objects.exists()
    assert str(services.coverage()[0]) == "Taglines: 0/0 (0.0%)"
