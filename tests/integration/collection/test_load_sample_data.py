from django.db.models import Q

from backend.collection.models import DVD
from tests.integration.collection.commands import Ended, ran
from tests.integration.collection.factories import dvd
from tests.integration.operations.factories import COMMITTED

pytestmark = COMMITTED


def loaded(*options: str) -> Ended:
    return ran("load_sample_data", *options)


def test_thirty_well_known_films_are_loaded_without_their_details() -> None:
    ended = loaded()
    assert (ended.exit_code, ended.counts) == (0, {"processed": 30, "created": 30})
    assert DVD.objects.get(tmdb_id=603).name == "The Matrix"
    assert not DVD.objects.filter(~Q(director="") | ~Q(imdb_id="") | ~Q(genres="") | ~Q(runtime=None)).exists()


def test_twice_changes_nothing() -> None:
    loaded("--count", "40")
    before = list(DVD.objects.order_by("pk").values())
    assert loaded("--count", "40").counts == {"processed": 40, "unchanged": 40}
    assert list(DVD.objects.order_by("pk").values()) == before


def test_a_count_beyond_the_films_adds_synthetic_ones() -> None:
    loaded("--count", "33")
    synthetic = DVD.objects.filter(tmdb_id__gt=1_000_000).order_by("tmdb_id").values_list("tmdb_id", flat=True)
    assert list(synthetic) == [1_000_001, 1_000_002, 1_000_003]
    assert DVD.objects.count() == 33


def test_more_of_them_later_adds_what_is_missing() -> None:
    loaded("--count", "10")
    assert loaded("--count", "2005").counts == {"processed": 2005, "created": 1995, "unchanged": 10}


def test_the_owners_dvds_stay() -> None:
    mine = dvd(tmdb_id=603, name="Mine")
    assert loaded().counts == {"processed": 30, "created": 29, "unchanged": 1}
    assert DVD.objects.get(tmdb_id=603) == mine


def test_clear_deletes_all_dvds_first() -> None:
    mine = dvd(name="Mine")
    loaded("--count", "5")
    ended = loaded("--clear", "--no-input", "--count", "5")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 11, "deleted": 6, "created": 5})
    assert not DVD.objects.filter(pk=mine.pk).exists()
    assert DVD.objects.count() == 5


def test_clear_without_an_answer_touches_nothing() -> None:
    mine = dvd(name="Mine")
    assert loaded("--clear").exit_code == 2
    assert list(DVD.objects.all()) == [mine]


def test_a_dry_run_of_clear_tells_what_would_go_and_come() -> None:
    mine = dvd(name="Mine", tmdb_id=603)
    ended = loaded("--clear", "--dry-run")
    assert ended.counts == {"processed": 31, "deleted": 1, "created": 30}
    assert list(DVD.objects.all()) == [mine]


def test_sample_data_gives_the_other_operations_something_to_do() -> None:
    loaded()
    assert ran("normalize_uk_certifications").counts["updated"] > 5


def test_a_sample_whose_place_is_taken_is_failed_and_the_others_come() -> None:
    dvd(status="unboxed", location="9004", tmdb_id=None)
    ended = loaded()
    assert (ended.exit_code, ended.counts) == (3, {"processed": 30, "created": 29, "failed": 1})
    assert ended.reasons == {"unique_violation": 1}
