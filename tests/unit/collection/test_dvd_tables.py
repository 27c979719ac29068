"""DVDs as a table, and back: no database is needed to see that nothing is lost on the way."""

from collections.abc import Sequence
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.collection.kernel import dvd_rows, exports, imports
from backend.collection.kernel.dvd_rows import COLUMNS, Line
from backend.collection.kernel.imports import Shelf, Stored
from backend.spreadsheets.table import BrokenRow
from backend.spreadsheets.text import UnusableFileError
from upkeep.operations.plans import Change

STORABLE = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
TEXTS = st.text(st.sampled_from("'=+-@,;\"\n\r\t \u200b\x85ß1a") | STORABLE, max_size=12)
DVDS = st.fixed_dictionaries(
    {
        "name": TEXTS.filter(lambda text: dvd_rows.text(text) != ""),
        "release_year": st.none() | st.integers(1000, 9999),
        "tmdb_id": st.none() | st.integers(1, 5) | st.integers(1, 2**63 - 1),
        "imdb_id": st.just("") | st.from_regex(r"\Att[0-9]{7,9}\Z") | st.sampled_from(["tt0000001", "tt0000002"]),
        "status": st.sampled_from(["kept", "disposed"]),
        "media_type": st.sampled_from(get_args(dvd_rows.MediaType)),
        "disk_type": st.sampled_from(get_args(dvd_rows.DiskType)),
        "storage_box": TEXTS,
        "location": TEXTS,
        "is_box_set": st.booleans(),
        "box_set_name": TEXTS,
        "copy_number": st.integers(1, 3),
    }
)


def stored(pk: int = 1, **values: Any) -> dict[str, Any]:
    """A DVD's row."""
    return {
        "pk": pk,
        "name": "Heat",
        "release_year": 1995,
        "tmdb_id": 949,
        "imdb_id": "tt0113277",
        "status": "kept",
        "media_type": "physical",
        "disk_type": "DVD",
        "storage_box": "",
        "location": "",
        "is_box_set": False,
        "box_set_name": "",
        "copy_number": 1,
        **values,
    }


def planned(text: str, *dvds: dict[str, Any], update: bool = False, delimiter: str = ",") -> list[Change]:
    """What becomes of the rows of this file, with these DVDs."""
    rows = dvd_rows.rows(text.encode().splitlines(keepends=True), delimiter)
    return list(imports.plan(rows, Shelf(Stored(dvd["pk"], dvd) for dvd in dvds), update=update))


def brief(changes: Sequence[Change]) -> list[tuple[str, str]]:
    return [(change.action, change.reason) for change in changes]


@given(dvds=st.lists(DVDS, max_size=6), delimiter=st.sampled_from([",", ";", "\t"]))
def test_what_was_exported_and_is_imported_changes_nothing(dvds: list[dict[str, Any]], delimiter: str) -> None:
    numbered = [{"pk": pk, **dvd} for pk, dvd in enumerate(dvds, start=1)]
    lines = exports.lines(numbered, delimiter, with_heading=True)
    text = "".join(f"{line}\n" for line in lines)
    assert len(text.split("\n")) == len(dvds) + 2, "a line is a DVD"
    changes = planned(text, *numbered, update=True, delimiter=delimiter)
    assert len(changes) == len(dvds)
    assert {*brief(changes)} <= {("unchanged", ""), ("skipped", "duplicate")}
    if len({(dvd["tmdb_id"], dvd["imdb_id"], dvd["name"]) for dvd in dvds}) == 1:
        assert changes[0].action == "unchanged"


def test_every_field_of_a_new_dvd_is_read_however_people_spell_it() -> None:
    [change] = planned(
        "Title,YEAR,TMDB id,IMDb id,Status,Media Type,disk-type,storage box,Location,is box set,Box Set,copy number\n"
        " Heat ,1995.0,949,tt0113277,Unboxed,RIP,Blu-ray,'=A1,7,x,Mann,2\n"
    )
    assert change.action == "created"
    assert change.payload.values == {
        "name": "Heat",
        "release_year": 1995,
        "tmdb_id": 949,
        "imdb_id": "tt0113277",
        "status": "unboxed",
        "media_type": "rip",
        "disk_type": "BluRay",
        "storage_box": "=A1",
        "location": "7",
        "is_box_set": True,
        "box_set_name": "Mann",
        "copy_number": 2,
    }


def test_a_box_set_by_name_is_one() -> None:
    [change] = planned("title,box_set\nHeat,Mann\n")
    assert change.payload.values == {"name": "Heat", "box_set_name": "Mann", "is_box_set": True}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (",1995,,kept", "line 2: title must not be empty"),
        ("Heat,95,,kept", "line 2: year should be greater than or equal to 1000, not '95'"),
        ("Heat,last,,kept", "line 2: year should be a valid integer"),
        ("Heat,,113277,kept", "line 2: imdb_id must be tt and 7 or more digits, not '113277'"),
        ("Heat,,,lost", "line 2: status should be 'kept', 'disposed' or 'unboxed', not 'lost'"),
        ("Heat,,,unboxed", "line 2: the location of an unboxed DVD must be a number"),
        ('"Heat,,,kept', "line 2: not CSV"),
        ("Heat,,,kept,more", "line 2: 5 cells in 4 columns"),
    ],
)
def test_a_bad_row_fails_with_its_line_and_the_others_go_on(line: str, told: str) -> None:
    bad, good = planned(f"title,year,imdb_id,status\n{line}\nAlien,1979,,\n")
    assert bad.action == "failed"
    assert bad.label.startswith(told)
    assert (good.action, good.label) == ("created", "Alien")


@pytest.mark.parametrize(
    ("row", "again"),
    [
        ("Heat,1995,949,,", "Hitze,,949,,"),
        ("Heat,1995,949,tt0113277,", "Hitze,,,tt0113277,"),
        ("Heat,1995,,,", "HEAT,1995,,,1"),
        ("Heat,1995,,,", "Heat,,,,"),
        ("Heat,1995,949,,", "Heat,1995,,,"),
    ],
)
def test_a_second_row_about_the_same_dvd_is_skipped_and_its_first_line_is_named(row: str, again: str) -> None:
    first, second = planned(f"title,year,tmdb_id,imdb_id,copy_number\n{row}\n{again}\n")
    assert first.action == "created"
    assert (second.action, second.reason) == ("skipped", "duplicate")
    assert second.label.endswith("is in line 2 already")


@pytest.mark.parametrize("again", ["Heat,1995,949,,2", "Heat,1995,950,,", "Heat,1986,,,", "Manhunter,1995,,,"])
def test_another_copy_or_another_film_is_no_duplicate(again: str) -> None:
    changes = planned(f"title,year,tmdb_id,imdb_id,copy_number\nHeat,1995,949,,1\n{again}\n")
    assert [change.action for change in changes] == ["created", "created"]


@pytest.mark.parametrize(
    "row",
    ["1,Hitze,949,,", "1,HEAT,,,", ",Hitze,949,,", ",Hitze,,tt0113277,", ",heat,,,1995", "7,Hitze,949,,", ",Heat,,,"],
)
def test_an_existing_dvd_is_left_alone_unless_it_is_to_be_updated(row: str) -> None:
    text = f"id,title,tmdb_id,imdb_id,year,storage_box\n{row},Box 3\n"
    assert brief(planned(text, stored())) == [("skipped", "exists")]
    [change] = planned(text, stored(), update=True)
    assert (change.action, change.key) == ("updated", "1")
    assert change.fields["storage_box"] == ("", "Box 3")
    assert "media_type" not in change.fields


def test_an_empty_cell_empties_a_field_and_an_absent_column_leaves_it() -> None:
    [change] = planned("id,title,imdb_id,status\n1,Heat,,\n", stored(storage_box="Box 3"), update=True)
    assert change.fields == {"imdb_id": ("tt0113277", "")}


@pytest.mark.parametrize(
    ("row", "reason"), [("1,Alien,348,", "other_dvd"), (",Alien,348,tt0113277", "conflicting_ids")]
)
def test_a_row_that_contradicts_what_is_stored_fails_instead_of_overwriting_another_film(row: str, reason: str) -> None:
    assert brief(planned(f"id,title,tmdb_id,imdb_id\n{row}\n", stored(), update=True)) == [("failed", reason)]


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "the file is empty"), ("year,status\n", "no column 'title'"), ("title,name\n", "unknown column 'name'")],
)
def test_a_file_that_is_no_table_of_dvds_is_refused(text: str, told: str) -> None:
    with pytest.raises(UnusableFileError, match=told):
        planned(text)


def test_a_row_may_be_shorter_than_the_heading() -> None:
    [found] = dvd_rows.rows([f"{','.join(COLUMNS)}\n".encode(), b",Heat\n"], ",")
    assert not isinstance(found, BrokenRow)
    assert isinstance(found, Line)
    assert (found.row.title, found.row.storage_box) == ("Heat", "")
