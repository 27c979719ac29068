import os

import pytest

from backend.collection.kernel import posters
from backend.collection.kernel.posters import PosterFile, Resembling, Unreadable
from upkeep.operations.plans import Change

NOW = 1_000_000.0
IDENTITY = (1, 2)


def change(item: posters.LookedAt) -> Change:
    [only] = posters.plan([item], modified_before=NOW)
    return only


def test_an_old_file_that_no_dvd_uses_goes() -> None:
    file = PosterFile("posters/alien.jpg", 1_234, NOW - 1, IDENTITY)
    planned = change(file)
    assert (planned.action, planned.key, planned.payload) == ("deleted", "posters/alien.jpg", file)
    assert planned.fields == {"bytes": (1_234, None)}


def test_a_file_in_use_stays() -> None:
    planned = change("posters/alien.jpg")
    assert (planned.action, planned.has_effect) == ("unchanged", False)


@pytest.mark.parametrize("modified_at", [NOW, NOW + 1])
def test_a_young_file_is_skipped(modified_at: float) -> None:
    planned = change(PosterFile("posters/alien.jpg", 1_234, modified_at, IDENTITY))
    assert (planned.action, planned.reason, planned.has_effect) == ("skipped", "too_young", False)


def test_a_file_that_resembles_a_used_one_is_skipped_with_a_reason_of_its_own() -> None:
    planned = change(Resembling("posters/alien.jpg"))
    assert (planned.action, planned.reason, planned.has_effect) == ("skipped", "resembles_used", False)


def test_what_could_not_be_looked_at_is_failed_with_its_path() -> None:
    planned = change(Unreadable("posters/private", "permission_denied"))
    assert (planned.action, planned.reason, planned.label) == ("failed", "permission_denied", "posters/private")


def test_a_name_that_is_not_utf8_is_told_in_letters_that_can_be_stored() -> None:
    file = PosterFile("posters/" + os.fsdecode(b"\xff.jpg"), 1, NOW - 1, IDENTITY)
    planned = change(file)
    assert planned.key == r"posters/\udcff.jpg"
    assert planned.payload.path == file.path


def test_a_name_in_any_alphabet_is_told_as_it_is() -> None:
    assert posters.printable("posters/青木.jpg") == "posters/青木.jpg"


def test_freed_is_what_the_deleted_files_held() -> None:
    found = [
        PosterFile("posters/1.jpg", 10, 0, IDENTITY),
        PosterFile("posters/2.jpg", 20, 0, IDENTITY),
        PosterFile("posters/3.jpg", 40, NOW, IDENTITY),
    ]
    planned = posters.plan([*found, Unreadable("posters/private", "permission_denied")], modified_before=NOW)
    assert [posters.freed(change) for change in planned] == [
        {"files": 1, "bytes": 10},
        {"files": 1, "bytes": 20},
        {},
        {},
    ]
