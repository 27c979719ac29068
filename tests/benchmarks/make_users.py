"""How many users a second make_users hashes, on all cores and on one."""

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from pydantic import SecretStr

from backend.accounts.kernel.enrolment import Entry
from backend.accounts.services.passwords import hash_passwords
from tests.benchmarks.pairs import measured, seconds
from tests.benchmarks.report import Row, at_least
from upkeep.operations.plans import Change

USERS_PER_CORE = 8


def speed(*, quick: bool) -> Iterator[Row]:
    """All cores beside one."""
    cores = os.sched_getaffinity(0)
    pairs = measured(1 if quick else 5, lambda: _seconds_a_user(cores), lambda: _seconds_a_user({min(cores)}))
    yield Row(
        f"make_users, {len(cores)} cores", "one core",
        pairs.faster, goal=at_least(0.85 * len(cores)) if len(cores) > 1 else None,
        ours=f"{1 / pairs.ours:.1f} users/s", other=f"{1 / pairs.other:.1f} users/s",
    )  # fmt: skip


def _seconds_a_user(cores: AbstractSet[int]) -> float:
    os.sched_setaffinity(0, cores)
    users = USERS_PER_CORE * len(cores)
    changes = [Change("created", "", "", payload=Entry(None, {}, SecretStr(f"s3cret-{n}"))) for n in range(users)]
    return seconds(lambda: hash_passwords(changes)) / users
