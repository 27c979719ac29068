"""`python -m tests.benchmarks [--quick] [NAME …]`: ours beside the plain way, measured in the same run.

Asserts nothing. Needs no more than the embedded servers, and makes a database of its own in PostgreSQL.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console

from backend.config.environment import FILE, ordinary
from tests.benchmarks import child
from tests.benchmarks.report import Row, table

BENCHMARKS = {
    "details": "details.speed",
    "rate": "details.rate",
    "shared_rate": "details.shared_rate",
    "certifications": "certifications.speed",
    "certifications_memory": "certifications.memory",
    "posters": "posters.speed",
    "posters_memory": "posters.memory",
    "make_users": "make_users.speed",
    "demo_organization": "demo_organization.speed",
    "matching": "matching.speed",
    "matching_memory": "matching.memory",
    "matching_backtracking": "matching.backtracking",
    "reading": "core.reading",
    "writing": "core.writing",
    "applying": "applying.speed",
    "applying_memory": "applying.memory",
    "enqueueing": "recovery.enqueueing",
    "sweeping": "recovery.sweeping",
    "worker_memory": "workers.memory",
    "worker_rate": "workers.rate",
    "pruning": "pruning.speed",
    "pruning_memory": "pruning.memory",
    "update_project": "update_project.speed",
    "update_project_memory": "update_project.memory",
    "reports": "reports.speed",
    "reports_export": "reports.export",
    "update_search": "search.speed",
    "update_search_memory": "search.memory",
    "searches": "search.searches",
    "search_quality": "finding.quality",
    "search_command": "finding.command",
    "startup": "startup.help_text",
    "declaration": "startup.declaration",
    "generate_command": "startup.generated",
}
"""Each runs in a process of its own."""

WIDTH = 160
"""Columns of a file that the table is written to."""

PACKAGE = "tests.benchmarks."
DEFAULTS = {"DEBUG": "false", "LOG_LEVEL": "WARNING", "RUN_MAX_CHANGES": "10000"}
"""Settings that would change a figure are as they are by default."""
HOME = child.ROOT / ".upkeep" / "bench"
"""Of the servers: what the environment and `.env` name is not touched."""


DURATION = (
    "Most take a minute or a few. searches takes about half an hour on two idle cores, 17 minutes of it for the HNSW "
    "index of a million vectors, and 6 GB of disk; its goals are for a server with shared_buffers = 4GB "
    "(docs/search.md). With --quick it searches 50,000."
)


def main() -> None:
    """Measure, tell each figure as it comes, and all of them in the end."""
    options = _options()
    rows = []
    with _environment() as environment:
        for name in options.names or BENCHMARKS:
            for found in child.found(PACKAGE + BENCHMARKS[name], environment, quick=options.quick):
                row = Row.load(found)
                sys.stderr.write(f"{row}\n")
                rows.append(row)
    console = Console()
    Console(width=None if console.is_terminal else WIDTH).print(table(rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Measures ours beside others.", epilog=DURATION
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"What to measure: {', '.join(BENCHMARKS)}.")
    parser.add_argument("--quick", action="store_true", help="Less of everything; the figures are rough.")
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}: there are {', '.join(BENCHMARKS)}")
    return options


@contextmanager
def _environment() -> Iterator[Mapping[str, str]]:
    """The environment of a child, with a database for it, and nothing that leads to anybody else's."""
    own = {**ordinary(os.environ), FILE: "", "UPKEEP_HOME": str(HOME), **DEFAULTS}
    [created] = child.found(PACKAGE + "database.create", own)
    environment = {**own, "DATABASE_URL": created["url"]}
    try:
        list(child.found(PACKAGE + "database.migrate", environment))
        yield environment
    finally:
        list(child.found(PACKAGE + "database.drop", own))


if __name__ == "__main__":
    main()
