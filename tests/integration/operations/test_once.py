"""Operations that are done once in a database."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from tests.integration.operations.factories import add_one_to_each, copies, dvds, skipped
from tests.operations.dvds import RefusalError
from tests.operations.scripted import Nothing, scripted, stage
from upkeep.operations import registry, runner
from upkeep.operations.checks import check_gate, check_once
from upkeep.operations.declaration import operation
from upkeep.operations.execution.digests import Selection
from upkeep.operations.models import CompletedOperation, Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.submission import Applied

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`testing.scripted` is done once, and nothing else is."""
    declared = replace(scripted, once=True, aliases=("testing.before",))
    monkeypatch.setattr(registry, "operations", lambda: [declared])
    monkeypatch.setattr(registry, "find", lambda _name: declared)
    stage.body = add_one_to_each
    return declared


def carried_out(**how: Any) -> Outcome:
    return runner.execute(scripted, Nothing(), raises=False, **how)


def complaints() -> list[str]:
    return [f"{problem.id} {problem.msg} {problem.hint}" for problem in check_once()]


def test_it_is_done_once_and_further_runs_say_so() -> None:
    dvds(3)
    first, second = carried_out(), carried_out()
    assert (first.status, second.status, copies()) == ("succeeded", "succeeded", [2, 2, 2])
    assert second.report[0].startswith("done in this database already, on ")
    assert second.report[0].endswith(f"by run {first.run}")
    Run.objects.all().delete()  # as `prune_runs` does after a while
    carried_out()
    assert copies() == [2, 2, 2]


@pytest.mark.parametrize("how", ["dry", "failed", "failed items"])
def test_a_dry_run_a_failed_one_and_one_with_failed_items_have_not_done_it(how: str) -> None:
    def refusing(run: Any) -> None:
        run.commit(lambda: [fail(dvd) for dvd in stored], write=lambda _changes: None)
        if how == "failed":
            raise RefusalError

    def fail(dvd: Any) -> Any:
        return skipped(dvd)._replace(action="failed" if how == "failed items" else "skipped")

    stored = dvds(2)
    stage.body = refusing
    carried_out(dry_run=how == "dry")
    assert not CompletedOperation.objects.exists()
    stage.body = add_one_to_each
    assert carried_out().status == "succeeded"
    assert copies() == [2, 2]


def test_a_preview_that_was_applied_in_part_has_not_done_it() -> None:
    one, _two = dvds(2)
    preview = Run.objects.get(pk=carried_out(dry_run=True).run)
    applied = carried_out(applies=Applied(preview, Selection(only=[str(one.pk)])))
    assert (applied.counts["updated"], CompletedOperation.objects.count()) == (1, 0)


def test_the_deployment_check_names_the_command_until_it_has_succeeded(once: Any) -> None:
    [told] = complaints()
    assert told.startswith("upkeep_operations.E007 testing.scripted is to be done once in a database, and was not ")
    assert told.endswith("Run manage.py scripted.")
    CompletedOperation.objects.create(operation=once.aliases[0], run=Run().pk)
    assert complaints() == []


def test_migrate_refuses_when_the_gate_asks(settings: Any) -> None:
    assert check_gate(databases=["default"]) == []
    settings.UPKEEP = {**settings.UPKEEP, "GATE": True}
    assert check_gate(databases=None) == []
    with pytest.raises(SystemCheckError, match=r"Run manage\.py scripted\."):
        call_command("migrate", skip_checks=False, verbosity=0)
    carried_out()
    assert check_gate(databases=["default"]) == []


@pytest.mark.django_db(transaction=True)
def test_an_empty_database_is_migrated_in_spite_of_the_gate(settings: Any) -> None:
    settings.UPKEEP = {**settings.UPKEEP, "GATE": True}
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE upkeep_operations_completedoperation RENAME TO away")
        try:
            assert check_gate(databases=["default"]) == []
        finally:
            cursor.execute("ALTER TABLE away RENAME TO upkeep_operations_completedoperation")


def test_one_that_is_done_once_runs_one_at_a_time() -> None:
    declared = operation("testing.once_alone", once=True)(scripted.function)
    assert declared.exclusive == "testing.once_alone"
