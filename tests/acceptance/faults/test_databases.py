"""A database that is restarted in the middle of a run."""

import time
from collections.abc import Callable
from random import Random

import pytest
from django.conf import settings
from django.db import connection

from tests.acceptance.faults.rows import check_once, enqueued, filled
from tests.acceptance.faults.scale import WHATEVER_BROKER
from tests.acceptance.films import locked
from tests.acceptance.runs import committed, ended
from upkeep.embedded import postgres


@WHATEVER_BROKER
@pytest.mark.usefixtures("app")
def test_a_run_goes_on_after_a_restart_of_the_database(
    random: Random, see: Callable[[str], None], pytestconfig: pytest.Config
) -> None:
    filled()
    with locked(15_000):
        run_id = enqueued(rows=200, pause=0.03)
        committed(run_id)
        time.sleep(random.uniform(0.0, 0.5))  # the moment is the point
        connection.close()
        started = time.monotonic()
        postgres.stop(settings.UPKEEP_HOME)
    postgres.ensure(settings.UPKEEP_HOME)
    away = time.monotonic() - started
    run = ended(run_id, 120)
    see(f"away for {away:.1f} s; {run.attempt} attempts")
    check_once()
    assert (run.status, run.counts["updated"]) == ("succeeded", 20_000)
    assert run.attempt > 1 or pytestconfig.option.pooler  # which hides a restart between two transactions
