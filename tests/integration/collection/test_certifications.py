import sys
from typing import Any
from unicodedata import category

import pytest
from django.db import connection

from backend.collection import services
from backend.collection.models import DVD
from backend.collection.services import certifications
from tests.integration.collection.factories import dvd

pytestmark = pytest.mark.django_db


def certified(certification: str) -> DVD:
    """A DVD whose certification is as it was typed: saving would lower-case it."""
    stored = dvd()
    DVD.objects.filter(pk=stored.pk).update(uk_certification=certification)
    return stored


def planned(*, meanwhile: str = "") -> list[dict[str, Any]]:
    """Carry the plan out for all DVDs, `meanwhile` after it was made, as another session's edit would."""
    everything = {"first": 0, "last": 2**63 - 1}
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE plan ON COMMIT DROP AS {certifications.PLAN}", everything)
        if meanwhile:
            DVD.objects.update(uk_certification=meanwhile)
        cursor.execute(f"{certifications.WRITE} RETURNING plan.key, plan.label, plan.action, plan.fields::text")
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        ("12A", "12a"),
        (" 15 ", "15"),
        ("\t PG\n", "pg"),
        ("\x0b\f\r\u00a0U", "u"),
        ("R 18", "r 18"),
        ("tvTV", "tvtv"),
        ("  ", ""),
    ],
)
def test_certifications_become_lower_case_without_blanks_around(typed: str, tidy: str) -> None:
    stored = certified(typed)
    assert len(planned()) == 1
    stored.refresh_from_db()
    assert stored.uk_certification == tidy


def test_every_space_of_python_and_every_format_character_goes_from_the_ends() -> None:
    everything = map(chr, range(1, sys.maxunicode + 1))
    edges = [character for character in everything if character.isspace() or category(character) == "Cf"]
    typed = [f"{edge} {edge}12{edge}A {edge}" for edge in edges]
    stored = DVD.objects.bulk_create([DVD(name="Alien", uk_certification=text) for text in typed])
    planned()
    for edge, each in zip(edges, stored, strict=True):
        each.refresh_from_db()
        assert each.uk_certification == f"12{edge}a", f"U+{ord(edge):04X}"


def test_a_tidy_certification_is_left_alone() -> None:
    certified("15")
    assert planned() == []


def test_what_is_written_is_recorded_with_before_and_after() -> None:
    stored = certified(" 12A ")
    assert planned() == [
        {
            "key": str(stored.pk),
            "label": stored.name,
            "action": "updated",
            "fields": '{"uk_certification": [" 12A ", "12a"]}',
        }
    ]


def test_what_somebody_changed_meanwhile_is_not_overwritten() -> None:
    stored = certified(" 12A ")
    assert planned(meanwhile="18") == []
    stored.refresh_from_db()
    assert stored.uk_certification == "18"


def test_dvds_without_a_certification_are_no_items() -> None:
    dvd()
    stored = certified(" 15 ")
    assert list(services.certified_dvds()) == [stored]


def test_the_distribution_counts_tidied_certifications_the_most_frequent_first() -> None:
    for certification in ("u", "", "12a", "12A", "15", "15 ", "15", "18", "pg", "PG"):
        certified(certification)
    found = services.certification_distribution()
    assert list(found.items()) == [("15", 3), ("12a", 2), ("pg", 2), ("", 1), ("18", 1), ("u", 1)]
