"""The figures that an operation keeps beside the counts: committed with each batch, and never counted twice."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from django.db import IntegrityError
from pytest_django import Settings

from backend.collection.models import DVD
from tests.integration.messages import messages, worked_off
from tests.integration.operations.factories import COMMITTED, copies, dvds, paged, skipped
from tests.operations.dvds import PLAN, WRITE, RefusalError, add, added, delete
from tests.operations.scripted import played, reread, resumed, rewind, scripted_parts, stage
from upkeep.operations import runner
from upkeep.operations.context import RunContext
from upkeep.operations.execution.batches import Prepare
from upkeep.operations.leases import claims
from upkeep.operations.plans import Change

pytestmark = COMMITTED
SQL_TALLY = "SELECT 'copies', (fields -> 'copy_number' ->> 1)::int FROM done UNION ALL SELECT 'rows', 1 FROM done"
Body = Callable[[RunContext], None]


def weighed(change: Change) -> Mapping[str, int]:
    """Of those that get a copy, how many there are then."""
    return {"copies": change.fields["copy_number"][1], "rows": 1} if change.action == "updated" else {}


def telling(commit: Body, *, stop: bool = False) -> Body:
    """Do that, perhaps stop at the very end, and report what was tallied."""

    def body(run: RunContext) -> None:
        commit(run)
        if stop:
            raise RefusalError("no")
        run.report("done", **run.tally)

    return body


def in_batches(run: RunContext, *, stop_after: int = -1) -> None:
    pages = [[dvd] for dvd in DVD.objects.order_by("pk")]
    for number, batch in enumerate(run.batches(paged(pages))):
        batch.commit(added(batch.items), write=add, tally=weighed)
        if number == stop_after:
            raise RefusalError("no")


def in_parts(run: RunContext) -> None:
    for batch in run.batches(DVD.objects.all()):
        batch.commit(added(batch.items), write=add, tally=weighed)


def by_sql(run: RunContext) -> None:
    for batch in run.batches(DVD.objects.all()):
        batch.commit_sql(plan=PLAN, write=WRITE, tally=SQL_TALLY)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("commit", [in_batches, by_sql])
def test_what_is_tallied_is_the_same_in_a_dry_run(commit: Body, *, dry_run: bool) -> None:
    dvds(4)
    run = played(telling(commit), dry_run=dry_run)
    assert (run.status, run.result) == ("succeeded", {"copies": 8, "rows": 4})
    assert copies() == [1 if dry_run else 2] * 4


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_a_resumed_run_has_tallied_every_item_once(stop_after: int, *, dry_run: bool) -> None:
    dvds(3)
    run = played(lambda run: in_batches(run, stop_after=stop_after), dry_run=dry_run)
    assert run.status == "failed"
    assert resumed(run, telling(in_batches)).result == {"copies": 6, "rows": 3}


@pytest.mark.parametrize("commit", [in_batches, by_sql])
def test_a_run_that_is_stopped_right_before_its_report_still_tells_all(commit: Body) -> None:
    dvds(3)
    run = played(telling(commit, stop=True))
    assert run.status == "failed"
    assert resumed(run, telling(commit)).result == {"copies": 6, "rows": 3}


def test_what_a_lost_executor_committed_is_tallied_and_what_it_did_not_is_not() -> None:
    dvds(3)

    def lost(run: RunContext) -> None:
        for number, batch in enumerate(run.batches(paged([[dvd] for dvd in DVD.objects.order_by("pk")]))):
            if number == 1:
                assert claims.claim_again(run.id, 1) == 2
            batch.commit(added(batch.items), write=add, tally=weighed)

    run = played(lost)
    assert (run.status, run.attempt, copies()) == ("running", 2, [2, 1, 1])
    stage.body = telling(in_batches)
    runner.carry_out(run.pk, 2)
    assert reread(run).result == {"copies": 6, "rows": 3}


@pytest.mark.parametrize("prepare", [None, list])
def test_of_a_batch_that_is_redone_change_by_change_only_what_was_done_is_tallied(prepare: Prepare | None) -> None:
    stored = dvds(4)

    def weak(changes: Sequence[Change]) -> None:
        if any(change.payload == stored[1].pk for change in changes):
            raise IntegrityError
        add(changes)

    def body(run: RunContext) -> None:
        run.commit(lambda: added(stored), write=weak, prepare=prepare, tally=weighed)
        run.report("done", **run.tally)

    run = played(body)
    assert run.result == {"copies": 6, "rows": 3}
    assert (run.counts["updated"], run.counts["failed"]) == (3, 1)


@pytest.mark.parametrize("dry_run", [True, False])
def test_of_a_statement_that_is_redone_in_halves_only_what_was_done_is_tallied(*, dry_run: bool) -> None:
    stored = dvds(4)
    plan = PLAN.replace("'' AS reason", "(1 / (id - %(bad)s))::text AS reason")

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=plan, write=WRITE, params={"bad": stored[2].pk}, tally=SQL_TALLY)
        run.report("done", **run.tally)

    run = played(body, dry_run=dry_run)
    assert run.result == {"copies": 6, "rows": 3}


def test_a_statement_tallies_what_was_written_and_not_what_was_planned() -> None:
    stored = dvds(4)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            write = f"{WRITE} AND dvd.id <> %(kept)s"
            batch.commit_sql(plan=PLAN, write=write, params={"kept": stored[0].pk}, tally=SQL_TALLY)
        run.report("done", **run.tally)

    assert played(body).result == {"copies": 6, "rows": 3}


def test_a_statement_tallies_beyond_the_changes_that_are_recorded(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": 1}
    dvds(3)
    run = played(telling(by_sql))
    assert (run.result, run.changes.count()) == ({"copies": 6, "rows": 3}, 1)


def sizes(change: Change) -> Mapping[str, int]:
    return {change.action: 1}


def without_a_cursor(run: RunContext, *, stop: bool) -> None:
    """Delete every DVD but the newest, which is skipped first; two a batch."""
    kept = DVD.objects.latest("pk").pk

    def source(_after: object) -> Iterator[tuple[list[DVD], None]]:
        yield [DVD.objects.get(pk=kept)], None
        while page := list(DVD.objects.exclude(pk=kept)[:2]):
            yield page, None

    for number, batch in enumerate(run.batches(source)):
        plan = [
            skipped(dvd) if dvd.pk == kept else Change("deleted", str(dvd.pk), dvd.name, payload=dvd.pk)
            for dvd in batch.items
        ]
        batch.commit(plan, write=delete, tally=sizes)
        if stop and number == 1:
            raise RefusalError("no")
    run.report("done", **run.tally)


def test_a_step_that_starts_again_keeps_what_it_tallied_of_the_deleted_alone() -> None:
    dvds(7)
    run = played(lambda run: without_a_cursor(run, stop=True))
    run = resumed(run, lambda run: without_a_cursor(run, stop=False))
    assert run.result == {"skipped": 1, "deleted": 6}
    assert (run.counts["skipped"], run.counts["deleted"]) == (1, 6)


def test_a_plan_that_was_committed_is_not_made_again_when_its_end_was_not_recorded() -> None:
    stored = dvds(2)

    def body(run: RunContext) -> None:
        run.commit(lambda: added(stored), write=add, tally=weighed)
        run.report("done", **run.tally)

    run = played(body)
    steps = {"": {**run.steps[""], "done": False}}  # as it is after the commit, when the process is killed then
    rewind(run.pk, status="failed", steps=steps)
    run = resumed(reread(run))
    assert (run.counts["processed"], run.result, copies()) == (2, {"copies": 4, "rows": 2}, [2, 2])


def test_each_step_has_its_own_figures_and_the_run_their_sum() -> None:
    stored = dvds(2)

    def body(run: RunContext) -> None:
        for name in ("north", "south"):
            with run.step(name) as step:
                step.commit(lambda: added(stored), write=add, tally=weighed)
            run.report(name, **{name: dict(step.tally)})
        run.report("done", **run.tally)

    run = played(body)
    each = {"copies": 4, "rows": 2}
    assert run.result == {"north": each, "south": each, "copies": 8, "rows": 4}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("commit", [in_parts, by_sql])
def test_a_run_in_parts_tells_the_sum_of_its_parts(commit: Body, broker: str, *, dry_run: bool) -> None:
    messages(broker)
    dvds(9)
    run = played(telling(commit), what=scripted_parts, partitions=3, dry_run=dry_run)
    worked_off(broker)
    run = reread(run)
    assert (run.status, run.parts.count()) == ("succeeded", 3)
    assert run.result == {"copies": 18, "rows": 9}


def test_an_effect_without_items_is_tallied_once_for_each_time_it_was_carried_out() -> None:
    dvds(2)

    def body(run: RunContext, *, stop: bool) -> None:
        run.apply(lambda: {"touched": DVD.objects.filter(copy_number=1).update(copy_number=5)})
        if stop:
            raise RefusalError("no")
        run.report("done", **run.tally)

    run = resumed(played(lambda run: body(run, stop=True)), lambda run: body(run, stop=False))
    assert (run.result, run.counts["processed"], copies()) == ({"touched": 2}, 0, [5, 5])


def test_an_effect_without_items_does_not_happen_in_a_dry_run() -> None:
    dvds(2)
    run = played(lambda run: run.apply(lambda: {"touched": DVD.objects.update(copy_number=5)}), dry_run=True)
    assert (run.status, copies()) == ("succeeded", [1, 1])


def test_an_effect_without_items_is_undone_with_its_claim() -> None:
    dvds(2)

    def body(run: RunContext) -> None:
        assert claims.claim_again(run.id, 1) == 2
        run.apply(lambda: {"touched": DVD.objects.update(copy_number=5)})

    assert (played(body).status, copies()) == ("running", [1, 1])


@pytest.mark.parametrize("most", [0, 1, 2, 10_000])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_step_that_starts_again_records_each_change_once(settings: Settings, most: int, *, dry_run: bool) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": most}
    stored = dvds(4)

    def body(run: RunContext, *, stop: bool) -> None:
        with run.step("before") as step:
            step.commit(lambda: [skipped(stored[0], "before")], write=add)
        with run.step("again") as step:
            for number, batch in enumerate(step.batches(lambda _after: (([dvd], None) for dvd in stored))):
                batch.commit([skipped(batch.items[0], "again")], write=add)
                if stop and number == 2:
                    raise RefusalError("no")

    run = resumed(played(lambda run: body(run, stop=True), dry_run=dry_run), lambda run: body(run, stop=False))
    recorded = min(most, 5)
    assert (run.status, run.counts["skipped"]) == ("succeeded", 5)
    assert (run.changes.count(), run.changes_recorded, run.changes_left_out) == (recorded, recorded, 5 - recorded)
    assert sorted(run.changes.values_list("step", flat=True)) == ["again"] * max(0, recorded - 1) + ["before"] * (
        most > 0
    )


def test_what_was_deleted_stays_recorded_when_its_step_starts_again() -> None:
    dvds(7)
    run = played(lambda run: without_a_cursor(run, stop=True))
    run = resumed(run, lambda run: without_a_cursor(run, stop=False))
    assert sorted(run.changes.values_list("action", flat=True)) == ["deleted"] * 6 + ["skipped"]
    assert (run.changes_recorded, run.changes_left_out) == (7, 0)
