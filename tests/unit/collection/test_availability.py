from datetime import UTC, datetime

from backend.collection.kernel import availability
from backend.collection.kernel.answers import Failure
from backend.collection.kernel.quality import Quality
from tests.unit.collection.factories import availability_row, quality
from upkeep.operations.plans import Change

STORED = {"quality": "1080p", "size_bytes": 1_986_422_374, "seeds": 12, "peers": 3, "uploaded_at": None}


def change(row: availability.Row, answer: tuple[Quality, ...] | Failure) -> Change:
    [only] = availability.plan([row], {row["imdb_id"]: answer})
    return only


def test_a_film_with_a_quality_is_available() -> None:
    uploaded = datetime(2021, 12, 1, 10, tzinfo=UTC)
    planned = change(availability_row(), (quality(uploaded_at=uploaded),))
    kept = {**STORED, "uploaded_at": "2021-12-01T10:00:00+00:00"}
    assert planned.payload == {"is_available": True, "qualities": [kept]}
    assert planned.fields == {"is_available": (False, True), "qualities": ([], [kept])}


def test_a_film_without_a_quality_is_not_available_any_more() -> None:
    planned = change(availability_row(is_available=True, qualities=[STORED]), ())
    assert (planned.action, planned.payload) == ("updated", {"is_available": False, "qualities": []})


def test_the_same_answer_changes_nothing_and_is_noted_as_asked() -> None:
    planned = change(availability_row(is_available=True, qualities=[STORED]), (quality(),))
    assert (planned.action, planned.fields, planned.payload) == ("unchanged", {}, {})


def test_other_seeds_leave_the_flag_alone() -> None:
    planned = change(availability_row(is_available=True, qualities=[STORED]), (quality(seeds=13),))
    assert planned.payload == {"qualities": [{**STORED, "seeds": 13}]}


def test_nothing_is_said_about_a_film_that_could_not_be_asked_for() -> None:
    row = availability_row(is_available=True, qualities=[STORED])
    planned = change(row, Failure("unavailable"))
    assert (planned.action, planned.reason, planned.payload) == ("failed", "unavailable", {})


def test_flags_follow_the_stored_qualities() -> None:
    missing = availability_row(pk=1, qualities=[STORED])
    stale = availability_row(pk=2, is_available=True)
    planned = availability.flags([missing, stale])
    assert [only.payload for only in planned] == [{"is_available": True}, {"is_available": False}]


def test_a_right_flag_has_no_effect_at_all() -> None:
    [planned] = availability.flags([availability_row(is_available=True, qualities=[STORED])])
    assert (planned.action, planned.has_effect) == ("unchanged", False)
