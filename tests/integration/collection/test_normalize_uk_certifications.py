from backend.collection.models import DVD
from tests.integration.collection.commands import ran
from tests.integration.collection.factories import dvd
from tests.integration.operations.factories import COMMITTED

pytestmark = COMMITTED


def certified(*certifications: str) -> list[int]:
    """DVDs with certifications as they were typed."""
    keys = [dvd().pk for _ in certifications]
    for key, certification in zip(keys, certifications, strict=True):
        DVD.objects.filter(pk=key).update(uk_certification=certification)
    return keys


def stored() -> list[str]:
    return list(DVD.objects.order_by("pk").values_list("uk_certification", flat=True))


def test_certifications_are_tidied_and_those_without_one_are_no_items() -> None:
    certified(" 12A ", "15", "PG", "")
    ended = ran("normalize_uk_certifications")
    assert (ended.exit_code, ended.counts) == (0, {"processed": 3, "updated": 2, "unchanged": 1})
    assert stored() == ["12a", "15", "pg", ""]
    assert ran("normalize_uk_certifications").counts == {"processed": 3, "unchanged": 3}


def test_each_change_is_recorded_before_and_after() -> None:
    [key] = certified(" 12A ")
    change = ran("normalize_uk_certifications").run.changes.get()
    assert (change.key, change.fields) == (str(key), {"uk_certification": [" 12A ", "12a"]})


def test_only_a_dvd_that_changes_is_dated() -> None:
    certified(" 12A ", "15")
    before = [film.updated_at for film in DVD.objects.order_by("pk")]
    ran("normalize_uk_certifications")
    after = [film.updated_at for film in DVD.objects.order_by("pk")]
    assert after[0] > before[0]
    assert after[1] == before[1]


def test_a_dry_run_tells_the_same_and_writes_nothing() -> None:
    certified(" 12A ", "15")
    ended = ran("normalize_uk_certifications", "--dry-run")
    assert ended.counts == {"processed": 2, "updated": 1, "unchanged": 1}
    assert ended.run.changes.get().fields == {"uk_certification": [" 12A ", "12a"]}
    assert stored() == [" 12A ", "15"]


def test_it_ends_with_the_distribution() -> None:
    certified("15", " 15", "12A", "", "")
    ended = ran("normalize_uk_certifications")
    assert ended.report == ["15: 2 DVDs", "12a: 1 DVD", "No certification: 2 DVDs"]
    assert ended.outcome["result"] == {"distribution": {"15": 2, "12a": 1}, "without_certification": 2}


def test_an_empty_collection_is_nothing_to_do() -> None:
    ended = ran("normalize_uk_certifications")
    assert (ended.exit_code, ended.counts, ended.report) == (0, {}, ["No certification: 0 DVDs"])
