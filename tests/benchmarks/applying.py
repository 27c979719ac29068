"""A run that applies a preview, of whose rows all change."""

import json
from collections.abc import Iterator
from typing import Any

from tests.benchmarks import child, database
from tests.benchmarks.operations import Nothing, add_copies, count_copies
from tests.benchmarks.pairs import measured, seconds
from tests.benchmarks.report import Row, at_most
from upkeep.operations.definition import Operation
from upkeep.operations.execution.digests import Selection
from upkeep.operations.models import Run
from upkeep.operations.runner import execute
from upkeep.operations.submission import Applied


def speed(*, quick: bool) -> Iterator[Row]:
    """Beside the same operation run directly."""
    number, rounds = (20_000, 3) if quick else (100_000, 5)
    database.fill(number)
    database.keep()
    for operation, way in ((count_copies, "commit_sql"), (add_copies, "commit")):
        pairs = measured(rounds, lambda: _applied(operation, number), lambda: _directly(operation))  # noqa: B023
        yield Row(
            f"apply_run, by {way}", f"the same run directly, {number:,} DVDs",
            pairs.slower, goal=at_most(1.3), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
        )  # fmt: skip


def memory(*, quick: bool) -> Iterator[Row]:
    """Of the command, and of the one that makes its preview."""
    number = 100_000 if quick else 1_000_000
    database.fill(number, uk_certification="'PG'")
    code = {"UPKEEP_VERSION": "1"}
    previewed = child.manage("normalize_uk_certifications", "--dry-run", "--json", **code)
    applied = child.manage("apply_run", json.loads(previewed.output)["run"], "--json", **code)
    assert json.loads(applied.output)["counts"]["updated"] == number
    for name, ended in (("normalize_uk_certifications --dry-run", previewed), ("apply_run", applied)):
        yield Row(
            f"manage.py {name}",
            f"{number:,} changes",
            ended.megabytes,
            "MB",
            at_most(150),
            ours=f"{ended.seconds:.1f} s",
        )


def _applied(operation: Operation[Any], number: int) -> float:
    database.reset()
    preview = Run.objects.get(pk=execute(operation, Nothing(), dry_run=True).run)
    applies = Applied(preview, Selection())
    outcomes = []
    took = seconds(lambda: outcomes.append(execute(operation, Nothing(), applies=applies)))
    assert outcomes[0].counts["updated"] == number
    return took


def _directly(operation: Operation[Any]) -> float:
    database.reset()
    return seconds(lambda: execute(operation, Nothing()))
