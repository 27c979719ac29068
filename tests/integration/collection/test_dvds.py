from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.collection import services
from backend.collection.models import DVD
from tests.integration.collection.factories import dvd, updated
from upkeep.operations.plans import Change

pytestmark = pytest.mark.django_db
DETAILS: dict[str, Any] = {
    "tagline": "100 % “wait”",
    "budget": 5_000_000_000,
    "rating": 6.8,
    "overview": "Ein Wärter\nwartet.",
    "runtime": 104,
    "release_year": 2021,
    "imdb_id": "tt9000010",
}


def test_the_columns_of_a_payload_are_written() -> None:
    stored = dvd()
    services.write_dvds([updated(stored, **DETAILS)])
    stored.refresh_from_db()
    found = {name: getattr(stored, name) for name in DETAILS}
    assert found == {**DETAILS, "rating": Decimal("6.8")}


def test_an_edit_of_another_column_meanwhile_is_kept() -> None:
    stored = dvd(director="Somebody")
    DVD.objects.update(director="The owner's", name="The owner's")
    services.write_dvds([updated(stored, tagline="He waits.")])
    stored.refresh_from_db()
    assert (stored.director, stored.name, stored.tagline) == ("The owner's", "The owner's", "He waits.")


def test_what_is_only_filled_does_not_replace_what_the_owner_typed_meanwhile() -> None:
    stored = dvd(overview="Mine", runtime=1, imdb_id="tt0000001")
    services.write_dvds([updated(stored, **DETAILS)])
    stored.refresh_from_db()
    assert (stored.overview, stored.runtime, stored.imdb_id) == ("Mine", 1, "tt0000001")
    assert stored.release_year == 2021


def test_a_batch_is_one_statement() -> None:
    changes = [updated(dvd(), tagline=f"{number}") for number in range(30)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        services.write_details(changes)
    assert len(queries) == 1
    assert sorted(DVD.objects.values_list("tagline", flat=True)) == sorted(f"{number}" for number in range(30))


NOTES = ("details", "imdb_id", "availability")


@pytest.mark.parametrize("lookup", NOTES)
@pytest.mark.parametrize(("reason", "kind"), [("", "asked"), ("not_found", "asked"), ("unavailable", "tried")])
def test_a_look_up_is_noted_by_its_outcome_and_is_no_change_of_the_dvd(lookup: str, reason: str, kind: str) -> None:
    before = dvd()
    write = getattr(services, "write_imdb_ids" if lookup == "imdb_id" else f"write_{lookup}")
    write([updated(before)._replace(reason=reason)])
    after = DVD.objects.get(pk=before.pk)
    noted = {
        name: at for each in NOTES for name in (f"{each}_asked_at", f"{each}_tried_at") if (at := getattr(after, name))
    }
    assert noted.keys() == {f"{lookup}_{kind}_at"}
    assert noted.popitem()[1] > before.updated_at == after.updated_at


def test_a_change_of_a_dvd_is_dated_without_noting_it_as_asked() -> None:
    stored = dvd()
    services.write_dvds([updated(stored, tagline="He waits.")])
    after = DVD.objects.get(pk=stored.pk)
    assert after.updated_at > stored.updated_at
    assert (after.details_asked_at, after.availability_asked_at) == (None, None)


def test_availability_can_be_taken_back() -> None:
    stored = dvd(is_available=True, qualities=[{"quality": "1080p"}])
    services.write_availability([updated(stored, is_available=False, qualities=[])])
    stored.refresh_from_db()
    assert (stored.is_available, stored.qualities) == (False, [])


def test_only_the_dvds_of_the_changes_are_deleted() -> None:
    gone, kept = dvd(), dvd()
    services.delete_dvds([Change("deleted", str(gone.pk), gone.name)])
    assert list(DVD.objects.all()) == [kept]
