"""What an author's plan may hold by mistake: one line says what to write, in a dry run as in a real one."""

from collections.abc import Sequence
from typing import Any

import pytest

from backend.collection.models import DVD
from tests.integration.operations.factories import COMMITTED, copies, dvds
from tests.operations.dvds import PLAN, WRITE, add, added
from tests.operations.scripted import played
from upkeep.operations.context import RunContext
from upkeep.operations.plans import Change

pytestmark = COMMITTED

WRONG: list[tuple[Any, str]] = [
    ({"key": 7}, "change 2 of the plan ('Film'): the key of a change is a text, not 7: write `str(row.pk)`"),
    ({"action": "updatd"}, "('Film'): there is no action 'updatd': did you mean 'updated'?"),
    ({"action": "?"}, "no action '?': write one of created, updated, deleted, unchanged, skipped, failed"),
    ({"label": None}, "(None): the label of a change is a text, not None: write `str(row)`"),
    ({"reason": None}, "the reason of a change is a text, not None"),
    ({"fields": {"price": 3}}, "its value before and after, not 3: write `{'price': (before, after)}`"),
    ({"fields": {"price": (3,)}}, "its value before and after, not (3,)"),
    ({"fields": ["price"]}, "the fields of a change are a dict, not ['price']"),
]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("wrong", "told"), WRONG)
def test_a_change_with_something_wrong_fails_the_run_before_anything_is_written(
    wrong: dict[str, Any],
    told: str,
    dry_run: bool,  # noqa: FBT001
) -> None:
    dvds(2)
    change = Change("updated", "7", "Film")._replace(**wrong)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit([*added(batch.items[:1]), change], write=add)

    run = played(body, dry_run=dry_run)
    assert (run.status, told in run.error, copies()) == ("failed", True, [1, 1]), run.error


@pytest.mark.parametrize("wrong", [None, ("updated", "7", "Film")])
def test_what_is_not_a_change_fails_the_run(wrong: Any) -> None:
    run = played(lambda run: run.commit(lambda: [wrong], write=add), dry_run=True)
    assert run.error == f"TypeError: change 1 of the plan: write `Change(action, key, label)`, not {wrong!r}"


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_plan_that_was_not_returned_fails_the_run(dry_run: bool) -> None:  # noqa: FBT001
    run = played(lambda run: run.commit(lambda: None, write=add), dry_run=dry_run)  # type: ignore[arg-type, return-value]
    assert (run.status, run.error) == (
        "failed", "TypeError: a plan is a list of changes, or a generator that yields them, not None"
    )  # fmt: skip


def test_what_prepare_returns_is_looked_at_too() -> None:
    stored = dvds(1)

    def keyed_by_number(changes: Sequence[Change]) -> list[Change]:
        return [change._replace(key=1) for change in changes]  # type: ignore[arg-type]

    run = played(lambda run: run.commit(lambda: added(stored), write=add, prepare=keyed_by_number))
    assert (run.status, "the key of a change is a text, not 1" in run.error, copies()) == ("failed", True, [1])


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_plan_of_sql_is_looked_at_too(dry_run: bool) -> None:  # noqa: FBT001
    dvds(1)

    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            batch.commit_sql(plan=PLAN.replace("id::text AS key", "0 AS key"), write=WRITE)

    run = played(body, dry_run=dry_run)
    assert (run.status, "the key of a change is a text, not 0" in run.error, copies()) == ("failed", True, [1])


def test_a_message_may_be_anything_and_the_name_of_a_step_is_a_text() -> None:
    def body(run: RunContext) -> None:
        run.log(ValueError("odd"))
        with run.step(2):  # type: ignore[arg-type]
            pass

    run = played(body)
    assert run.error == "TypeError: the name of a step is a text, not 2: write `run.step('2')`"
    assert [line.message for line in run.log.all()] == ["odd"]
