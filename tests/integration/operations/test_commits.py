from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import F

from backend.accounts.models import User
from backend.collection.models import DVD
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds, paged, skipped, tallied
from tests.operations.dvds import PLAN, WRITE, CrashError, RefusalError, add, added
from tests.operations.scripted import claimed, claimed_again, played, recorded, reread, resumed
from upkeep.operations import runner
from upkeep.operations.context import RunContext
from upkeep.operations.execution.progress import Unwatched
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.plans import Change

pytestmark = COMMITTED

TAKE_OVER = "UPDATE upkeep_operations_run SET attempt = attempt + 1"
NOT_A_USER = 10**9


class BrokenPipe(Unwatched):
    """A terminal that goes away."""

    def changed(self, changes: Sequence[Change]) -> None:  # noqa: ARG002 - Progress's signature
        raise BrokenPipeError(32, "Broken pipe")


@pytest.fixture
def user() -> Iterator[User]:
    """One that log entries may refer to."""
    user = User.objects.create(username="ann")
    yield user
    LogEntry.objects.all().delete()
    user.delete()


def log_entries(changes: Sequence[Change]) -> None:
    """One each, of the user that the payload names: their foreign key is checked when the transaction ends."""
    LogEntry.objects.bulk_create(LogEntry(action_flag=1, user_id=change.payload) for change in changes)


def planned(number: int, **payloads: Any) -> list[Change]:
    """So many creations; those named by their number have that payload."""
    return [Change("created", str(n), f"entry {n}", payload=payloads.get(f"n{n}", 1)) for n in range(number)]


def test_a_batch_commits_its_effects_counts_changes_and_cursor_together() -> None:
    stored = dvds(3)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit([*added(batch.items[:2]), skipped(batch.items[2])], write=add)
            row = Run.objects.get()
            assert tallied(row.counts) == {"processed": 3, "updated": 2, "skipped": 1}
            assert row.steps[""]["cursor"] == stored[2].pk
            assert row.changes.count() == 3

    run = played(body)
    assert run.error == ""
    assert copies() == [2, 2, 1]
    assert run.reasons == {"skipped": {"complete": 1}}
    change = run.changes.first()
    assert change
    assert (change.action, change.key, change.label) == ("updated", str(stored[0].pk), stored[0].name)
    assert change.fields == {"copy_number": [1, 2]}


def test_a_failure_after_the_write_leaves_neither_effects_nor_counts() -> None:
    dvds(3)

    def write(changes: Sequence[Change]) -> None:
        add(changes)
        raise CrashError

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit(added(batch.items), write=write)

    run = played(body)
    assert (run.status, run.error) == ("failed", "CrashError: CrashError")
    assert copies() == [1, 1, 1]
    assert tallied(run.counts) == {}
    assert not run.changes.exists()
    assert run.steps[""]["cursor"] is None


@pytest.mark.parametrize("by_sql", [False, True])
def test_an_executor_that_lost_its_claim_cannot_commit(*, by_sql: bool) -> None:
    dvds(2)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            with connection.cursor() as cursor:
                cursor.execute(TAKE_OVER)
            if by_sql:
                batch.commit_sql(plan=PLAN, write=WRITE)
            else:
                batch.commit(added(batch.items), write=add)

    run = played(body)
    assert copies() == [1, 1]
    assert (run.status, run.attempt, run.commits, run.counts) == ("running", 2, 0, {})


@pytest.mark.parametrize("ending", [CrashError, RefusalError, KeyboardInterrupt])
def test_an_executor_that_lost_its_claim_and_then_fails_leaves_the_run_alone(ending: type[BaseException]) -> None:
    def body(run: RunContext) -> None:  # noqa: ARG001
        with connection.cursor() as cursor:
            cursor.execute(TAKE_OVER)
        raise ending

    run = played(body)
    assert (run.status, run.attempt, run.error) == ("running", 2, "")


def test_an_executor_whose_connection_was_ended_by_its_successor_leaves_the_run_alone() -> None:
    def body(run: RunContext) -> None:  # noqa: ARG001
        with connection.cursor() as cursor:
            cursor.execute(TAKE_OVER)
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    run = played(body)
    assert (run.status, run.attempt, run.error) == ("running", 2, "")


def test_an_interrupt_while_a_transaction_begins_does_not_keep_it_open() -> None:
    dvds(1)

    def body(run: RunContext) -> None:
        add_one_to_each(run)
        connection.set_autocommit(False)
        connection.in_atomic_block = True  # as an interrupt within Atomic.__enter__ leaves it
        raise KeyboardInterrupt

    assert played(body).status == "cancelled"
    assert not connection.in_atomic_block
    connection.close()
    assert Run.objects.get().status == "cancelled"


def test_a_terminal_that_goes_away_does_not_make_a_batch_apply_twice() -> None:
    dvds(3)
    run = played(add_one_to_each, progress=BrokenPipe())
    assert (run.status, run.error) == ("failed", "Broken pipe")
    assert copies() == [2, 2, 2]
    assert tallied(run.counts) == {"processed": 3, "updated": 3}
    assert run.changes.count() == 3


def test_a_terminal_that_goes_away_does_not_make_a_row_fail_that_was_changed_by_sql() -> None:
    dvds(1)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=PLAN, write=WRITE)

    run = played(body, progress=BrokenPipe())
    assert (run.status, run.error) == ("failed", "Broken pipe")
    assert (copies(), tallied(run.counts)) == ([2], {"processed": 1, "updated": 1})


def test_a_row_that_breaks_a_constraint_fails_alone() -> None:
    stored = dvds(5)

    def write(changes: Sequence[Change]) -> None:
        for change in changes:
            wanted = -1 if change.payload == stored[2].pk else 7
            DVD.objects.filter(pk=change.payload).update(budget=wanted)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit(added(batch.items), write=write)

    run = played(body)
    assert list(DVD.objects.order_by("pk").values_list("budget", flat=True)) == [7, 7, None, 7, 7]
    assert tallied(run.counts) == {"processed": 5, "updated": 4, "failed": 1}
    assert run.reasons == {"failed": {"check_violation": 1}}
    [failure] = run.changes.filter(action="failed")
    assert (failure.key, failure.fields) == (str(stored[2].pk), {})
    assert "dvd_budget_is_not_negative" in failure.label


def test_a_row_that_is_there_already_fails_alone() -> None:
    dvds(4)

    def write(changes: Sequence[Change]) -> None:
        DVD.objects.bulk_create(DVD(pk=change.payload, name=change.label) for change in changes)

    taken = DVD.objects.order_by("pk")[1].pk

    def body(run: RunContext) -> None:
        plan = [Change("created", str(n), str(n), payload=taken if n == 1 else 10**8 + n) for n in range(3)]
        run.commit(lambda: plan, write=write)

    run = played(body)
    assert tallied(run.counts) == {"processed": 3, "created": 2, "failed": 1}
    assert run.reasons == {"failed": {"unique_violation": 1}}
    assert DVD.objects.filter(pk__gte=10**8).count() == 2


def test_a_whole_plan_is_done_at_once_or_not_at_all(user: User) -> None:
    plan = planned(4, n0=user.pk, n1=NOT_A_USER, n2=user.pk, n3=user.pk)
    run = played(lambda run: run.commit(lambda: plan, write=log_entries, whole=True))
    assert (run.status, tallied(run.counts)) == ("failed", {})
    assert "violates foreign key constraint" in run.error
    assert not LogEntry.objects.exists()


def test_a_constraint_that_is_only_checked_at_the_end_fails_its_row_alone(user: User) -> None:
    plan = planned(4, n0=user.pk, n1=NOT_A_USER, n2=user.pk, n3=user.pk)
    run = played(lambda run: run.commit(lambda: plan, write=log_entries))
    assert tallied(run.counts) == {"processed": 4, "created": 3, "failed": 1}
    assert run.reasons == {"failed": {"foreign_key_violation": 1}}
    assert LogEntry.objects.count() == 3


def test_a_file_that_cannot_be_written_fails_alone_and_says_why() -> None:
    def write(changes: Sequence[Change]) -> None:
        for change in changes:
            if change.key == "1":
                raise PermissionError(13, "Permission denied")

    run = played(lambda run: run.commit(lambda: planned(3), write=write))
    assert tallied(run.counts) == {"processed": 3, "created": 2, "failed": 1}
    assert run.reasons == {"failed": {"permission_denied": 1}}
    assert run.changes.get(action="failed").label == "entry 1: Permission denied"


@pytest.mark.parametrize("error", [ValueError("no number"), ZeroDivisionError("no rate")])
def test_a_value_that_cannot_be_written_fails_alone(error: Exception) -> None:
    stored = dvds(3)

    def write(changes: Sequence[Change]) -> None:
        if stored[1].pk in [change.payload for change in changes]:
            raise error
        add(changes)

    run = played(lambda run: run.commit(lambda: added(stored), write=write))
    assert (run.status, tallied(run.counts), copies()) == (
        "succeeded",
        {"processed": 3, "updated": 2, "failed": 1},
        [2, 1, 2],
    )
    assert run.changes.get(action="failed").label.endswith(str(error))


def test_an_item_that_preparing_found_wrong_is_counted_so_and_not_written() -> None:
    written: list[str] = []

    def prepare(changes: Sequence[Change]) -> list[Change]:
        return [
            change._replace(action="failed", reason="weak", payload=None) if change.key == "1" else change
            for change in changes
        ]

    def write(changes: Sequence[Change]) -> None:
        written.extend(change.key for change in changes)

    run = played(lambda run: run.commit(lambda: planned(3), write=write, prepare=prepare))
    assert written == ["0", "2"]
    assert tallied(run.counts) == {"processed": 3, "created": 2, "failed": 1}


def test_an_unchanged_item_with_a_payload_is_written_and_counts_as_unchanged() -> None:
    stored = dvds(2)
    plan = [change._replace(action="unchanged", fields={}) for change in added(stored)]
    run = played(lambda run: run.commit(lambda: plan, write=add))
    assert copies() == [2, 2]
    assert tallied(run.counts) == {"processed": 2, "unchanged": 2}
    assert not run.changes.exists()


def by_sql(write: str) -> Run:
    """A run that adds a copy of each DVD by this statement."""

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=PLAN, write=write, params={"bad": DVD.objects.order_by("pk")[3].pk})

    return played(body)


def test_sql_changes_every_row_and_says_what_it_changed() -> None:
    stored = dvds(5)
    run = by_sql(WRITE)
    assert copies() == [2] * 5
    assert tallied(run.counts) == {"processed": 5, "updated": 5}
    assert [(change.key, change.fields) for change in run.changes.all()] == [
        (str(dvd.pk), {"copy_number": [1, 2]}) for dvd in stored
    ]


def test_a_batch_of_a_queryset_tells_its_first_and_its_last_key() -> None:
    stored = dvds(3)
    keys: list[object] = []

    def body(run: RunContext) -> None:
        keys.extend(batch.keys for batch in run.batches(DVD.objects.all()))

    played(body)
    assert keys == [(stored[0].pk, stored[2].pk)]


def test_rows_that_sql_leaves_alone_are_unchanged() -> None:
    dvds(5)
    run = by_sql(WRITE + " AND dvd.id >= %(bad)s")
    assert copies() == [1, 1, 1, 2, 2]
    assert tallied(run.counts) == {"processed": 5, "updated": 2, "unchanged": 3}


@pytest.mark.parametrize("number", [4, 5, 11])
def test_of_rows_changed_by_sql_only_the_one_that_breaks_a_constraint_fails(number: int) -> None:
    stored = dvds(number)
    run = by_sql(WRITE.replace(" FROM", ", budget = CASE dvd.id WHEN %(bad)s THEN -1 END FROM"))
    assert copies() == [1 if n == 3 else 2 for n in range(number)]
    assert tallied(run.counts) == {"processed": number, "updated": number - 1, "failed": 1}
    assert run.reasons == {"failed": {"check_violation": 1}}
    assert run.changes.get(action="failed").key == str(stored[3].pk)
    assert run.changes.count() == number


def test_of_rows_changed_by_sql_only_the_one_that_breaks_a_deferred_constraint_fails(
    user: User,
) -> None:
    stored = dvds(5)
    LogEntry.objects.bulk_create(LogEntry(id=dvd.pk, action_flag=1, user=user) for dvd in stored)
    write = (
        "UPDATE django_admin_log AS entry SET user_id = CASE entry.id WHEN %(bad)s THEN 1000000000 ELSE user_id END, "
        "change_message = 'seen' FROM plan WHERE entry.id = plan.id"
    )
    run = by_sql(write)
    assert tallied(run.counts) == {"processed": 5, "updated": 4, "failed": 1}
    assert run.reasons == {"failed": {"foreign_key_violation": 1}}
    assert LogEntry.objects.filter(change_message="seen").count() == 4


def test_sql_wants_the_batches_of_a_queryset() -> None:
    stored = dvds(1)

    def body(run: RunContext) -> None:
        for batch in run.batches(paged([stored])):
            batch.commit_sql(plan=PLAN, write=WRITE)

    run = played(body)
    assert run.status == "failed"
    assert "commit_sql needs the batches of a queryset" in run.error


def test_a_batch_that_is_not_committed_counts_as_unchanged() -> None:
    dvds(3)

    def body(run: RunContext) -> None:
        for _batch in run.batches(DVD.objects.all()):
            pass

    assert tallied(played(body).counts) == {"processed": 3, "unchanged": 3}


def test_a_run_that_is_queued_claimed_and_lost_again_and_again_ends_once() -> None:
    dvds(2)
    run = recorded(add_one_to_each)
    assert claims.claim(run.pk) == 1
    assert claims.claim(run.pk) is None
    stale = reread(run)
    claims.release(run.pk, 1, Run.Status.QUEUED)
    run = claimed_again(run)
    assert (run.status, run.attempt, copies()) == ("succeeded", 2, [2, 2])
    runner.carry_out(stale.pk, stale.attempt)
    assert (reread(run).status, copies()) == ("succeeded", [2, 2])


def test_what_happens_between_two_batches_is_seen_by_the_second() -> None:
    stored = dvds(4)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all(), fetch=len):
            assert batch.fetched == len(batch.items)
            batch.commit(added(batch.items), write=add)
        DVD.objects.filter(pk=stored[0].pk).update(copy_number=F("copy_number") + 10)

    assert played(body).status == "succeeded"
    assert copies() == [12, 2, 2, 2]


def test_a_resumed_run_goes_on_after_its_last_commit() -> None:
    stored = dvds(6)
    pages = [stored[:2], stored[2:4], stored[4:]]

    def body(run: RunContext) -> None:
        for number, batch in enumerate(run.batches(paged(pages))):
            if number == 2:
                raise RefusalError("later")
            batch.commit(added(batch.items), write=add)

    run = played(body)
    assert (run.status, run.error, copies()) == ("failed", "later", [2, 2, 2, 2, 1, 1])
    run = resumed(run)
    assert (run.status, run.error, copies()) == ("succeeded", "", [2] * 6)
    assert tallied(run.counts) == {"processed": 6, "updated": 6}
    assert run.changes.count() == 6


def test_a_claimed_run_is_held_by_this_process() -> None:
    run = claimed(add_one_to_each)
    assert (run.status, run.attempt) == ("running", 1)
    assert run.lease_until
    assert run.started_at
    assert run.started_at < run.lease_until


def test_a_step_gives_its_items_once_and_says_so_when_it_is_asked_again() -> None:
    def body(run: RunContext) -> None:
        for _ in range(2):
            run.commit(lambda: [Change("updated", "1", "1", payload=1)], write=lambda _changes: None)

    run = played(body)
    assert (run.status, run.counts["updated"]) == ("failed", 1)
    assert "give the other step its own name" in run.error


def test_the_stack_of_the_first_item_that_failed_by_each_kind_of_error_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stored = dvds(5)
    errors = [ZeroDivisionError, ValueError, ZeroDivisionError, ValueError, PermissionError]
    by_key = dict(zip((str(dvd.pk) for dvd in stored), errors, strict=True))

    def fail(changes: Sequence[Change]) -> None:
        raise by_key[changes[0].key]

    run = played(lambda run: run.commit(lambda: added(stored), write=fail))
    assert (run.status, tallied(run.counts)) == ("succeeded", {"processed": 5, "failed": 5})
    logged = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.exc_info and record.exc_info[0] for record in logged] == [ZeroDivisionError, ValueError]
    assert f"run {run.pk} of testing.scripted: {stored[0].name} failed" in logged[0].getMessage()
    assert "in fail" in caplog.text
