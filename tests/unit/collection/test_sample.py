import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.collection.kernel import refresh, sample

LINES = ["name,release_year,tmdb_id,imdb_id,director,genres,runtime,uk_certification"] + [
    f"Film {number},{1990 + number},{number},tt000000{number},Somebody,Drama,100,12A" for number in range(1, 4)
]
KNOWN = sample.films(LINES)
DETAILS = refresh.Row.__annotations__.keys() - {"pk", "name", "tmdb_id", "release_year", "uk_certification"}


def rows(count: int, after: int | None = None) -> list[sample.Row]:
    return [row for page, _ in sample.pages(KNOWN, count)(after) for row in page]


def test_films_come_first_and_made_up_ones_follow() -> None:
    found = rows(5)
    assert [row["tmdb_id"] for row in found] == [1, 2, 3, 1_000_001, 1_000_002]
    assert [row["name"] for row in found[:3]] == ["Film 1", "Film 2", "Film 3"]


def test_a_count_below_the_films_takes_the_first_of_them() -> None:
    assert [row["tmdb_id"] for row in rows(2)] == [1, 2]


def test_sample_dvds_lack_the_details_that_tmdb_fills_in() -> None:
    assert [row for row in rows(50) if row.keys() & DETAILS] == []


def test_made_up_films_have_no_detail_at_all() -> None:
    assert [row for row in rows(50)[3:] if row.keys() & {"release_year", "uk_certification"}] == []


def test_some_certifications_are_as_untidy_as_owners_type_them() -> None:
    assert [row.get("uk_certification") for row in rows(3)] == [" 12A ", "12A", None]


def test_unboxed_samples_have_a_number_of_their_own_and_others_none() -> None:
    found = rows(3_000)
    unboxed = [row["location"] for row in found if row["status"] == "unboxed"]
    assert len(unboxed) == len(set(unboxed)) > 100
    assert all(location.isdecimal() for location in unboxed)
    assert [row for row in found if row["status"] != "unboxed" and "location" in row] == []


@pytest.mark.parametrize("name", ["status", "media_type", "disk_type"])
def test_sample_dvds_are_kept_in_different_ways(name: str) -> None:
    assert len({row[name] for row in rows(30)}) > 1


@given(count=st.integers(1, 2_500), data=st.data())
def test_a_page_cursor_leads_to_exactly_what_is_left(count: int, data: st.DataObject) -> None:
    pages = list(sample.pages(KNOWN, count)(None))
    _, cursor = data.draw(st.sampled_from(pages))
    everything = rows(count)
    assert len(everything) == count
    assert rows(count, cursor) == everything[cursor:]


@given(count=st.integers(1, 200))
def test_loading_twice_changes_nothing(count: int) -> None:
    first = sample.plan(rows(count), existing=set())
    second = sample.plan(rows(count), existing={change.payload["tmdb_id"] for change in first})
    assert {change.action for change in first} == {"created"}
    assert {(change.action, change.has_effect) for change in second} == {("unchanged", False)}


def test_a_created_dvd_is_recorded_with_all_its_values() -> None:
    [planned] = sample.plan(rows(1), existing=set())
    assert {name: after for name, (_, after) in planned.fields.items()} == planned.payload
    assert (planned.key, planned.label) == ("1", "Film 1")


def test_clearing_deletes_every_dvd() -> None:
    planned = sample.cleared([{"pk": 7, "name": "Mine"}])
    assert [(change.action, change.key, change.label) for change in planned] == [("deleted", "7", "Mine")]
