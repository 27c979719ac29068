"""How long the command line takes to be there."""

from collections.abc import Iterator

from tests.benchmarks import child
from tests.benchmarks.pairs import measured
from tests.benchmarks.report import Row, at_most


def help_text(*, quick: bool) -> Iterator[Row]:
    """Beside the least that Django's command line does."""
    pairs = measured(
        3 if quick else 9, lambda: child.manage("run_task", "--help").seconds, lambda: child.manage("check").seconds
    )
    yield Row(
        "manage.py run_task --help", "manage.py check",
        pairs.slower, goal=at_most(1.3), ours=f"{pairs.ours:.2f} s", other=f"{pairs.other:.2f} s",
    )  # fmt: skip
