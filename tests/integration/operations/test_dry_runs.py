from collections.abc import Sequence

import pytest
from pytest_django import Settings

from backend.collection.models import DVD
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds, skipped, tallied
from tests.operations.dvds import PLAN, WRITE, Read, add, added, read_file
from tests.operations.scripted import played
from upkeep.operations import runner
from upkeep.operations.context import RunContext
from upkeep.operations.errors import InvalidParamsError
from upkeep.operations.files import InputFile
from upkeep.operations.models import Run
from upkeep.operations.plans import Change

pytestmark = COMMITTED


def by_sql(run: RunContext) -> None:
    """Add a copy of each by SQL, but of the third."""
    third = DVD.objects.order_by("pk")[2].pk
    for batch in run.batches(DVD.objects.all()):
        batch.commit_sql(plan=f"{PLAN} AND id <> %(third)s", write=WRITE, params={"third": third})


def mixed(run: RunContext) -> None:
    """Add a copy of each, but of the third."""
    for batch in run.batches(DVD.objects.all()):
        plan = added(batch.items)
        batch.commit([*plan[:2], skipped(batch.items[2]), *plan[3:]], write=add)


@pytest.mark.parametrize("body", [by_sql, mixed])
def test_a_dry_run_changes_nothing_and_tells_what_the_real_run_then_does(body: object) -> None:
    assert callable(body)
    dvds(5)
    dry = played(body, dry_run=True)
    assert (dry.status, copies()) == ("succeeded", [1] * 5)
    real = played(body)
    assert copies() == [2, 2, 1, 2, 2]
    assert (dry.counts, dry.reasons) == (real.counts, real.reasons)
    columns = ("action", "key", "label", "fields", "reason")
    assert sorted(dry.changes.values_list(*columns), key=str) == sorted(real.changes.values_list(*columns), key=str)


def test_a_dry_run_neither_prepares_nor_writes() -> None:
    stored = dvds(2)

    def forbidden(_changes: Sequence[Change]) -> list[Change]:
        raise AssertionError

    def body(run: RunContext) -> None:
        assert run.dry_run
        run.commit(lambda: added(stored), write=forbidden, prepare=forbidden)  # type: ignore[arg-type]

    run = played(body, dry_run=True)
    assert (run.status, tallied(run.counts)) == ("succeeded", {"processed": 2, "updated": 2})


def test_a_dry_run_by_sql_tells_of_a_row_that_cannot_be_planned() -> None:
    dvds(3)
    second = DVD.objects.order_by("pk")[1].pk

    def body(run: RunContext) -> None:
        plan = PLAN.replace("'' AS reason", "(1 / (id - %(second)s))::text AS reason")
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=plan, write=WRITE, params={"second": second})

    run = played(body, dry_run=True)
    assert tallied(run.counts) == {"processed": 3, "updated": 2, "failed": 1}
    assert run.changes.get(action="failed").label == f"{second}: division by zero"


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("body", [by_sql, add_one_to_each])
def test_changes_beyond_the_most_that_are_recorded_are_counted(
    settings: Settings, body: object, *, dry_run: bool
) -> None:
    assert callable(body)
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": 3}
    dvds(9)
    run = played(body, dry_run=dry_run)
    assert run.changes.count() == run.changes_recorded == 3
    assert run.changes_left_out == run.counts["updated"] - 3
    assert run.counts["processed"] == 9


def test_what_was_left_out_is_counted_across_a_resumption(settings: Settings) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "MAX_CHANGES": 1}
    plan = [Change("skipped", str(number), "", reason="x") for number in range(4)]

    def body(run: RunContext) -> None:
        for name in ("a", "b"):
            with run.step(name) as step:
                step.commit(lambda: plan, write=add)

    run = played(body)
    assert (run.changes.count(), run.changes_recorded, run.changes_left_out) == (1, 1, 7)


def test_an_operation_that_changes_nothing_has_no_dry_run() -> None:
    params = Read(file=InputFile(name="a", sha256=""))
    with pytest.raises(InvalidParamsError, match="changes nothing, so it has no dry run"):
        runner.execute(read_file, params, dry_run=True)
    assert not Run.objects.exists()
