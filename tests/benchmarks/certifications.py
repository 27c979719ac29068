"""normalize_uk_certifications on a table of which two fifths change."""

from collections.abc import Callable, Iterator

from django.db import connection

from backend.collection.models import DVD
from backend.collection.services.certifications import TIDY
from tasks.collection.normalize_uk_certifications import NormalizeUkCertifications, normalize_uk_certifications
from tests.benchmarks import child, database
from tests.benchmarks.pairs import measured, seconds, seconds_of_each
from tests.benchmarks.report import Row, at_least, at_most
from upkeep.operations.runner import execute

CERTIFICATION = "(ARRAY['PG', '12A ', 'u', '15', 'pg'])[1 + mod(n, 5)]"
UPDATE = f"UPDATE collection_dvd SET uk_certification = {TIDY}, updated_at = now() WHERE uk_certification <> {TIDY}"  # noqa: S608


def speed(*, quick: bool) -> Iterator[Row]:
    """Beside one statement, and beside the plain loop."""
    number, plain_number, rounds = (20_000, 500, 1) if quick else (100_000, 2_000, 5)
    database.fill(number, uk_certification=CERTIFICATION)
    database.keep()
    bare = measured(rounds, _ours, _barely)
    yield Row(
        "normalize_uk_certifications", f"one UPDATE, {number:,} DVDs",
        bare.slower, goal=at_most(1.5), ours=f"{bare.ours:.2f} s", other=f"{bare.other:.2f} s",
    )  # fmt: skip
    for work, told, goal in ((_normalized, "a DVD", at_least(50)), (_normalized_if_untidy, "a change", None)):
        plain = measured(1 if quick else 3, _ours, lambda: _plainly(work, plain_number) * number / plain_number)  # noqa: B023
        yield Row(
            "normalize_uk_certifications", f"a loop: a save() {told}, {number:,} DVDs",
            plain.faster, goal=goal, ours=f"{plain.ours:.2f} s", other=f"{plain.other:.0f} s",
        )  # fmt: skip


def memory(*, quick: bool) -> Iterator[Row]:
    """Of the command, on a large table."""
    number = 100_000 if quick else 1_000_000
    database.fill(number, uk_certification=CERTIFICATION)
    ended = child.manage("normalize_uk_certifications", "--json")
    name = "manage.py normalize_uk_certifications"
    yield Row(name, f"{number:,} DVDs", ended.megabytes, "MB", at_most(120), ours=f"{ended.seconds:.1f} s")


def _ours() -> float:
    database.reset()
    return seconds(lambda: execute(normalize_uk_certifications, NormalizeUkCertifications()))


def _barely() -> float:
    database.reset()
    with connection.cursor() as cursor:
        return seconds(lambda: cursor.execute(UPDATE))


def _plainly(work: Callable[[DVD], None], number: int) -> float:
    database.reset()
    return seconds_of_each(work, DVD.objects.filter(pk__lte=number).iterator())


def _normalized(dvd: DVD) -> None:
    dvd.uk_certification = dvd.uk_certification.strip().lower()
    dvd.save()


def _normalized_if_untidy(dvd: DVD) -> None:
    if dvd.uk_certification != dvd.uk_certification.strip().lower():
        _normalized(dvd)
