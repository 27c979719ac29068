"""How many users a second make_users hashes, on one core and on all: `python -m tests.benchmarks.make_users`."""

import os
import sys
from collections.abc import Set as AbstractSet
from multiprocessing import get_context
from statistics import median
from time import perf_counter

import django
from pydantic import SecretStr

ROUNDS = 5
USERS_PER_CORE = 8


def main() -> None:
    """Print the medians, and how much faster all cores are. Rounds alternate, so that both see the same load."""
    cores = os.sched_getaffinity(0)
    rounds = [(_in_child({min(cores)}), _in_child(cores)) for _ in range(ROUNDS)]
    one, all_of_them = (median(rates) for rates in zip(*rounds, strict=True))
    sys.stdout.write(
        f"1 core: {one:.2f} users/s; {len(cores)} cores: {all_of_them:.2f} users/s; ratio {all_of_them / one:.2f}\n"
    )


def _in_child(cores: AbstractSet[int]) -> float:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_rate, (cores,))


def _rate(cores: AbstractSet[int]) -> float:
    os.sched_setaffinity(0, cores)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
    django.setup()
    from backend.accounts.kernel.enrolment import Entry  # noqa: PLC0415 - once Django is set up
    from backend.accounts.services.passwords import hash_passwords  # noqa: PLC0415
    from backend.operations.plans import Change  # noqa: PLC0415

    users = USERS_PER_CORE * len(cores)
    changes = [Change("created", "", "", payload=Entry(None, {}, SecretStr(f"s3cret-{n}"))) for n in range(users)]
    started = perf_counter()
    hash_passwords(changes)
    return users / (perf_counter() - started)


if __name__ == "__main__":
    main()
