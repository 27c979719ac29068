"""Runs beside those before them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from tests.integration.operations.factories import dvds, skipped
from tests.operations.dvds import RefusalError
from tests.operations.scripted import Nothing, played, resumed, scripted, scripted_alone, stage
from upkeep.operations import comparison, runner, subjects
from upkeep.operations.context import RunContext
from upkeep.operations.counts import Counts
from upkeep.operations.models import Run
from upkeep.operations.outcome import Outcome
from upkeep.operations.terminal import history
from upkeep.operations.terminal.console import summary

pytestmark = pytest.mark.django_db
END = datetime(2026, 11, 1, tzinfo=UTC)


def earlier(number: int, *, items: int = 100, seconds: float = 0, about: str = "", **columns: Any) -> None:
    """This many runs that have succeeded with so many items each."""
    columns = {"operation": scripted.name, "status": "succeeded", "counts": {"processed": items}, **columns}
    moments = {"started_at": END - timedelta(seconds=seconds), "finished_at": END}
    made = Run.objects.bulk_create(Run(**{**moments, **columns}) for _ in range(number))
    subjects.note([run.pk for run in made], [about] if about else [])


def skipping(number: int) -> Callable[[RunContext], None]:
    stored = dvds(number)
    return lambda run: run.commit(lambda: [skipped(dvd) for dvd in stored], write=lambda _changes: None)


def test_the_eighth_run_is_the_first_that_is_judged() -> None:
    earlier(6)
    assert played(skipping(10)).unusual == []
    Run.objects.all().delete()
    earlier(7)
    run = played(skipping(10))
    assert (run.status, run.unusual) == ("succeeded", [{"figure": "processed", "number": 10, "usual": [90, 110]}])


def test_only_the_last_twenty_count() -> None:
    earlier(30, items=10, finished_at=END - timedelta(days=1))
    earlier(20)
    assert played(skipping(10)).unusual != []


@pytest.mark.parametrize(
    "other",
    [
        {"dry_run": True},
        {"status": "failed"},
        {"resumed": True},
        {"params": {"full": False, "limit": 10}},
        {"params": {"full": True, "limit": None}},
        {"exclusive_key": "another"},
        {"about": "organization:acme"},
        {"operation": scripted_alone.name},
    ],
)
def test_what_is_not_comparable_does_not_count(other: dict[str, Any]) -> None:
    params = {"full": False, "limit": None}
    earlier(6, params=params)
    earlier(10, **{"params": params, **other})
    run = Run(operation=scripted.name, params=params, started_at=timezone.now())
    counts = Counts.one("skipped", 10)
    assert comparison.judged(run, scripted, counts) == []
    earlier(1, params=params)
    assert comparison.judged(run, scripted, counts) != []
    run.params = {**params, "limit": 100}
    assert comparison.judged(run, scripted, counts) == []


def test_a_run_is_compared_with_those_about_the_same_thing_by_whatever_name() -> None:
    earlier(7, operation="testing.scripted_by_itself", exclusive_key="testing:alone", about="organization:acme")
    body = skipping(10)

    def about_acme(run: RunContext) -> None:
        run.about("organization:acme")
        body(run)

    assert played(body, what=scripted_alone).unusual == []
    assert played(about_acme, what=scripted_alone).unusual != []


def test_failed_changed_and_seconds_are_compared_too() -> None:
    earlier(8, items=0, seconds=3600, counts={"processed": 10, "updated": 60, "created": 40, "failed": 5})
    found = {each["figure"]: each["usual"] for each in played(skipping(10)).unusual}
    assert found == {"changed": [90, 110], "failed": [4, 6], "seconds": [3240, 3960]}


def test_dry_and_resumed_runs_are_not_judged() -> None:
    earlier(8)
    assert played(skipping(10), dry_run=True).unusual == []
    body = skipping(10)

    def failing(_run: RunContext) -> None:
        raise RefusalError

    run = resumed(played(failing), body)
    assert (run.status, run.resumed, run.unusual) == ("succeeded", True, [])


def test_what_is_unusual_is_in_the_summary_the_json_the_table_and_the_admin(client: Client) -> None:
    earlier(8)
    stage.body = skipping(10)
    outcome: Outcome = runner.execute(scripted, Nothing())
    assert outcome.exit_code == 0
    assert summary(outcome)[0].endswith(", unusual: processed 10 (usually 90 to 110)")
    assert outcome.as_json()["unusual"] == [{"figure": "processed", "number": 10, "usual": [90, 110]}]
    assert "succeeded, unusual" in history.table(Run.objects.filter(pk=outcome.run))
    client.force_login(get_user_model().objects.create_superuser("root", "root@example.com", "secret"))
    shown = client.get("/admin/upkeep_operations/run/", {"unusual": "yes"}).content.decode()
    assert "processed 10 (usually 90 to 110)" in shown
    assert str(outcome.run) in shown
    shown = client.get("/admin/upkeep_operations/run/", {"unusual": "no"}).content.decode()
    assert str(outcome.run) not in shown
