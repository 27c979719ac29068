from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from backend.collection.models import DVD
from tests.acceptance.polling import until
from tests.operations.dvds import add, added
from upkeep.operations.context import RunContext
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.plans import Change

APPS = ["upkeep.operations", "backend.collection", "tasks"]
COMMITTED = pytest.mark.django_db(transaction=True, available_apps=APPS)
"""Transactions are real; afterwards, the tables of these apps alone are emptied, which is ten times as fast."""
COMMITTED_BY_PEOPLE = pytest.mark.django_db(
    transaction=True, available_apps=[*APPS, "backend.accounts", "axes", "django.contrib.sessions"]
)
"""As `COMMITTED`, where there are users."""
numbers = iter(range(1, 10_000_000))


def dvds(number: int) -> list[DVD]:
    """So many stored DVDs, with one copy each."""
    return DVD.objects.bulk_create(DVD(name=f"Film {next(numbers)}") for _ in range(number))


def copies() -> list[int]:
    """How many copies there are of each DVD, in the order of their keys."""
    return list(DVD.objects.order_by("pk").values_list("copy_number", flat=True))


def paged(pages: Iterable[Sequence[DVD]]) -> Callable[[object], Iterable[tuple[Sequence[DVD], int]]]:
    """A source that gives these pages, and those behind the cursor when it is asked again."""

    def source(after: object) -> Iterable[tuple[Sequence[DVD], int]]:
        return ((page, page[-1].pk) for page in pages if not isinstance(after, int) or page[-1].pk > after)

    return source


def add_one_to_each(run: RunContext) -> None:
    """Add a copy of each DVD, in batches."""
    for batch in run.batches(DVD.objects.all()):
        batch.commit(added(batch.items), write=add)


def lose(run: Run) -> None:
    """Let its lease have passed, on a server that has run long enough not to excuse it."""
    Run.objects.filter(pk=run.pk).update(lease_until=claims.DatabaseNow() - timedelta(seconds=1))
    until(_excuses_nobody, 2 * settings.UPKEEP["LEASE_SECONDS"])


def _excuses_nobody() -> bool:
    with connection.cursor() as cursor:
        age = "clock_timestamp() - pg_postmaster_start_time() > make_interval(secs => %s)"
        cursor.execute(f"SELECT {age}", [settings.UPKEEP["LEASE_SECONDS"]])
        return bool(cursor.fetchone()[0])


def skipped(dvd: DVD, reason: str = "complete") -> Change:
    """Leave a DVD alone."""
    return Change("skipped", str(dvd.pk), dvd.name, reason=reason)


def tallied(counts: dict[str, int]) -> dict[str, int]:
    """Those that are not zero."""
    return {action: number for action, number in counts.items() if number}
