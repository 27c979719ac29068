"""A preview that is applied, beside the same operation run directly."""

from collections.abc import Iterator
from typing import Any

from tasks.collection.normalize_uk_certifications import NormalizeUkCertifications, normalize_uk_certifications
from tests.benchmarks import database
from tests.benchmarks.operations import Nothing, count_copies
from tests.benchmarks.pairs import measured, seconds
from tests.benchmarks.report import Row, at_most
from upkeep.operations.definition import Operation
from upkeep.operations.models import Run
from upkeep.operations.params import Params
from upkeep.operations.runner import execute


def speed(*, quick: bool) -> Iterator[Row]:
    """Of 100,000 changes by SQL."""
    number, rounds = (20_000, 1) if quick else (100_000, 5)
    for operation, params in ((normalize_uk_certifications, NormalizeUkCertifications()), (count_copies, Nothing())):
        database.fill(number, uk_certification="'U '")
        database.keep()
        pairs = measured(rounds, lambda: _applied(operation, params), lambda: _direct(operation, params))  # noqa: B023
        yield Row(
            f"apply_run of {operation.short_name}", f"run directly, {number:,} changes",
            pairs.slower, goal=at_most(1.3), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
        )  # fmt: skip


def _applied(operation: Operation[Any], params: Params) -> float:
    database.reset()
    preview = Run.objects.get(pk=execute(operation, params, dry_run=True).run)
    return seconds(lambda: execute(operation, params, preview=preview))


def _direct(operation: Operation[Any], params: Params) -> float:
    database.reset()
    return seconds(lambda: execute(operation, params))
