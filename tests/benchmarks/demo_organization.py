"""make_demo_organization and remove_organization, with a million work entries."""

from collections.abc import Iterator

from tests.benchmarks import child, work
from tests.benchmarks.report import Row, at_most


def speed(*, quick: bool) -> Iterator[Row]:
    """Of the commands, and their memory."""
    number = 100_000 if quick else 1_000_000
    told = f"{number:,} work entries"
    work.empty()
    made = child.manage("make_demo_organization", "--work-entries", str(number), "--json")
    yield Row("manage.py make_demo_organization", told, made.seconds, "s", at_most(40))
    yield Row("manage.py make_demo_organization", told, made.megabytes, "MB", at_most(200))
    removed = child.manage("remove_organization", "demo", "--no-input", "--json")
    yield Row("manage.py remove_organization", told, removed.seconds, "s")
    yield Row("manage.py remove_organization", told, removed.megabytes, "MB", at_most(200))
