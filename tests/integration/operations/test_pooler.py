"""Runs whose connections a pooler lends to them for one transaction each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from psycopg.pq import TransactionStatus

from backend.collection.models import DVD
from backend.config import environment
from tests import pooler
from tests.acceptance.adoption.test_commands import cancel, meanwhile
from tests.integration.operations.factories import APPS, copies, dvds, lose
from tests.integration.operations.outages import elsewhere
from tests.integration.operations.test_exclusion import do_nothing
from tests.operations.adopted import talk
from tests.operations.children import processes
from tests.operations.dvds import add, added
from tests.operations.scripted import claimed, played
from upkeep.embedded.postgresql.base import DatabaseWrapper
from upkeep.operations import runner
from upkeep.operations.checks import check_pooler
from upkeep.operations.context import RunContext
from upkeep.operations.leases import connections, losses
from upkeep.operations.models import Run

pytestmark = pytest.mark.django_db(transaction=True, available_apps=[*APPS, "tests.operations"])
ROWS = 200
OF_THE_POOL = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'
"""


@pytest.fixture(scope="module")
def pgbouncer(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,  # noqa: ARG001
) -> Iterator[pooler.PgBouncerProcess]:
    with pooler.running(tmp_path_factory.mktemp("pooler"), size=2) as process:
        yield process


@pytest.fixture(autouse=True)
def _pooled(pgbouncer: pooler.PgBouncerProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All of Django's connections are the pooler's, in every thread, and it was told so."""
    direct = DatabaseWrapper.get_connection_params
    pooled = {"host": "127.0.0.1", "port": pgbouncer.port}
    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(DatabaseWrapper, "get_connection_params", lambda self: direct(self) | pooled)
        for name, value in environment.behind_pooler(connection.settings_dict).items():
            patch.setitem(connection.settings_dict, name, value)
        yield
        connection.close()


def end_the_pool() -> None:
    """What a restart of the server does."""
    with elsewhere() as other:
        other.execute(OF_THE_POOL, [connection.settings_dict["NAME"]])


class Breaking(dict[str, Any]):
    """Fields of a change that end the pool's connections when they are first asked for in the middle of a COPY."""

    left = 1

    def items(self) -> Any:
        raw = connection.connection
        if Breaking.left and raw and raw.info.transaction_status == TransactionStatus.ACTIVE:
            Breaking.left -= 1
            end_the_pool()
        return super().items()


def test_a_connection_that_is_lost_within_a_copy_loses_no_row_and_does_none_twice() -> None:
    dvds(ROWS)
    Breaking.left = 1

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            plan = [change._replace(fields=Breaking(change.fields)) for change in added(batch.items)]
            batch.commit(plan, write=add)

    run = played(body)
    assert (run.status, run.error, run.attempt) == ("succeeded", "", 2)
    assert (copies(), run.changes.count(), Breaking.left) == ([2] * ROWS, ROWS, 0)


@pytest.mark.parametrize("raised", [RuntimeError, ValueError, OSError])
def test_a_lost_connection_is_one_whatever_is_raised_instead(raised: type[Exception]) -> None:
    dvds(2)
    attempts = []

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit(added(batch.items), write=write)

    def write(changes: Any) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            DVD.objects.count()  # before its first statement a transaction has no connection that could be lost
            end_the_pool()
        try:
            add(changes)
        except DatabaseError:
            raise raised("something went wrong") from None

    run = played(body)
    assert (run.status, run.error, run.counts["failed"], copies()) == ("succeeded", "", 0, [2, 2])


def test_recovery_spares_the_transaction_of_somebody_who_got_the_connection_of_a_lost_run() -> None:
    run = claimed(do_nothing)
    lose(run)
    with connections.labelled(run), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), current_setting('application_name')")
        pid, label = cursor.fetchone()
    assert label == connections.name(run)
    known = connection.get_connection_params()
    where = {name: known[name] for name in ("dbname", "host", "port", "user")}
    with psycopg.connect(**where) as stranger:
        assert stranger.execute("SELECT pg_backend_pid()").fetchone() == (pid,)
        assert [lost.id for lost in losses.release_late()] == [run.pk]
        assert stranger.execute("SELECT current_setting('application_name')").fetchone() != (label,)


def test_two_workers_on_one_pool_each_read_their_own_rows() -> None:
    dvds(ROWS)
    keys = list(DVD.objects.order_by("pk").values_list("pk", flat=True))
    together = Barrier(2, timeout=60)

    def read(mine: list[int]) -> list[int]:
        seen = []
        try:
            for number, row in enumerate(DVD.objects.filter(pk__in=mine).order_by("pk").iterator(chunk_size=10)):
                if number % 10 == 0:
                    together.wait()
                seen.append(row.pk)
        finally:
            connection.close()
        return seen

    halves = [keys[: ROWS // 2], keys[ROWS // 2 :]]
    with ThreadPoolExecutor(2) as workers:
        assert list(workers.map(read, halves)) == halves


def test_the_doctor_sees_a_pooler_of_which_django_was_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_pooler() == []
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", value=False)
    [problem] = check_pooler()
    assert (problem.id, "pooler" in problem.msg) == ("upkeep_operations.W002", True)
    assert "set DATABASE_POOLER=transaction;" in str(problem.hint)
    monkeypatch.undo()
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"prepare_threshold": 5})
    assert [problem.id for problem in check_pooler()] == ["upkeep_operations.W002"]


OF_A_COMMAND = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = %s AND state = 'idle in transaction' AND datname = current_database()
   AND query LIKE 'INSERT INTO "collection_dvd"%%'
"""


def test_the_transactions_of_a_command_have_its_run_s_label_and_its_connections_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEST_DATABASE", str(connection.settings_dict["NAME"]))

    def labelled() -> bool:
        run = Run.objects.filter(status="running", log__message="begun").first()
        if run is None:
            return False
        assert not processes(run.pk)  # whose environment had it
        with connection.cursor() as cursor:
            cursor.execute(OF_A_COMMAND, [connections.name(run)])
            return bool(cursor.fetchone()[0])

    with meanwhile(labelled, cancel):
        outcome = runner.execute(talk, talk.parse({"seconds": 60, "together": True}), raises=False)
    assert (outcome.status, DVD.objects.count()) == ("cancelled", 0)
