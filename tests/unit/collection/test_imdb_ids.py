import pytest

from backend.collection.kernel import imdb_ids
from backend.collection.kernel.answers import Failure
from backend.collection.kernel.movie import ExternalIds
from tests.unit.collection.factories import imdb_row
from upkeep.operations.plans import Change


def change(answer: ExternalIds | Failure) -> Change:
    [only] = imdb_ids.plan([imdb_row()], {900_001: answer})
    return only


@pytest.mark.parametrize("imdb_id", ["tt1234567", "tt12345678", "tt0000000001"])
def test_an_id_of_tt_and_seven_or_more_digits_is_taken(imdb_id: str) -> None:
    planned = change(ExternalIds(imdb_id))
    assert (planned.action, planned.payload) == ("updated", {"imdb_id": imdb_id})
    assert planned.fields == {"imdb_id": ("", imdb_id)}


@pytest.mark.parametrize(
    "imdb_id", [None, "", "tt123456", "nm1234567", "1234567", "tt1234567\n", " tt1234567", "tt123456٣"]
)
def test_whatever_is_not_an_imdb_id_is_none(imdb_id: str | None) -> None:
    planned = change(ExternalIds(imdb_id))
    assert (planned.action, planned.reason, planned.payload) == ("skipped", "no_imdb_id", {})


def test_a_film_that_tmdb_does_not_have_is_failed() -> None:
    planned = change(Failure("not_found"))
    assert (planned.action, planned.reason) == ("failed", "not_found")
