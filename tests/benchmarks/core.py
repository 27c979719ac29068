"""What the core adds to work that costs next to nothing."""

from collections.abc import Iterator

from django.db import connection

from backend.collection.models import DVD
from tests.benchmarks import database
from tests.benchmarks.operations import Nothing, count_copies, read_dvds
from tests.benchmarks.pairs import measured, seconds, seconds_of_each
from tests.benchmarks.report import Row, at_most
from upkeep.operations.runner import execute

CHUNK = 2_000


def reading(*, quick: bool) -> Iterator[Row]:
    """Beside Django's own iterator."""
    number, rounds = (20_000, 3) if quick else (100_000, 9)
    database.fill(number)
    pairs = measured(rounds, lambda: seconds(lambda: execute(read_dvds, Nothing())), lambda: seconds(_iterated))
    yield Row(
        "batches that do nothing", f"iterator(), {number:,} DVDs",
        pairs.slower, goal=at_most(1.15), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
    )  # fmt: skip


def writing(*, quick: bool) -> Iterator[Row]:
    """Beside one statement, and for information beside the plain loop."""
    number, plain_number, rounds = (20_000, 500, 1) if quick else (100_000, 2_000, 5)
    database.fill(number)
    database.keep()
    bare = measured(rounds, _ours, _barely)
    yield Row(
        "commit_sql", f"one UPDATE, {number:,} DVDs",
        bare.slower, goal=at_most(4), ours=f"{bare.ours:.2f} s", other=f"{bare.other:.2f} s",
    )  # fmt: skip
    plain = measured(1, _ours, lambda: _plainly(plain_number) * number / plain_number)
    yield Row(
        "commit_sql", f"a loop: a save() a DVD, {number:,} DVDs",
        plain.faster, ours=f"{plain.ours:.2f} s", other=f"{plain.other:.0f} s",
    )  # fmt: skip


def _iterated() -> None:
    for _dvd in DVD.objects.order_by("pk").iterator(chunk_size=CHUNK):
        pass


def _ours() -> float:
    database.reset()
    took = seconds(lambda: execute(count_copies, Nothing()))
    assert not DVD.objects.exclude(copy_number=2).exists()
    return took


def _barely() -> float:
    database.reset()
    with connection.cursor() as cursor:
        return seconds(lambda: cursor.execute("UPDATE collection_dvd SET copy_number = copy_number + 1"))


def _plainly(number: int) -> float:
    database.reset()
    return seconds_of_each(_counted, DVD.objects.filter(pk__lte=number).iterator())


def _counted(dvd: DVD) -> None:
    dvd.copy_number += 1
    dvd.save()
