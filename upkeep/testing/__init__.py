"""For the tests of authors of operations: run one, kill it at one of its commits, resume it, compare.

    outcome = testing.run(reprice, Reprice(percent=10))
    testing.assert_resumable(reprice, Reprice(percent=10), state=prices)

All of it works within `django.test.TestCase` and pytest-django's `db`: the database is PostgreSQL, and what is tried
several times is rolled back in between. `upkeep.testing.servers` has stand-ins for other systems.
"""

from typing import TYPE_CHECKING

from upkeep.exports import lazily

if TYPE_CHECKING:
    from upkeep.testing.assertions import assert_dry_run_matches as assert_dry_run_matches
    from upkeep.testing.assertions import assert_examples_valid as assert_examples_valid
    from upkeep.testing.assertions import assert_idempotent as assert_idempotent
    from upkeep.testing.assertions import assert_resumable as assert_resumable
    from upkeep.testing.runs import kill as kill
    from upkeep.testing.runs import resume as resume
    from upkeep.testing.runs import run as run

__getattr__ = lazily(
    __name__,
    {
        "assert_dry_run_matches": "assertions",
        "assert_examples_valid": "assertions",
        "assert_idempotent": "assertions",
        "assert_resumable": "assertions",
        "kill": "runs",
        "resume": "runs",
        "run": "runs",
    },
)
