"""What runs are about: declared, or found out while they run; known before anything of it is recorded."""

import pytest
from celery.exceptions import Ignore
from django.db import connection

from backend.collection.models import DVD
from tests.integration.messages import messages, received, task, worked_off
from tests.integration.operations.factories import COMMITTED, add_one_to_each, dvds
from tests.operations.dvds import RefusalError
from tests.operations.scripted import played, recorded, resumed, stage
from upkeep.operations import runner, subjects, submission
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import operation
from upkeep.operations.errors import InvalidParamsError
from upkeep.operations.leases import claims
from upkeep.operations.models import Run, RunSubject
from upkeep.operations.params import Params

pytestmark = COMMITTED


class Named(Params):
    names: list[str] = []
    """Whom it is about."""
    number: int = 0
    """One of several runs."""


def _named(params: Named) -> list[str]:
    return [f"name:{name}" for name in params.names]


@operation("testing.about_names", about=_named, partitions=2)
def about_names(params: Named, run: RunContext) -> None:  # noqa: ARG001
    """Do what the test says, about the names."""
    stage.body(run)


def names(run: Run) -> set[str]:
    return set(run.subjects.values_list("name", flat=True))


def found(name: str) -> set[Run]:
    return set(subjects.runs_about(name))


def test_a_run_is_about_what_its_params_say_from_the_beginning() -> None:
    run = submission.record(about_names, Named(names=["ann", "bob", "ann"]), queue="default")
    assert names(run) == {"name:ann", "name:bob"}
    assert found("name:ann") == found("name:bob") == {run}
    assert found("name:an") == set()


def test_many_runs_are_about_what_the_params_of_each_say_and_none_is_enqueued_when_one_is_invalid(broker: str) -> None:
    messages(broker)  # those of other tests
    ann, bob = submission.enqueue_many(about_names, [Named(names=["ann"]), Named(names=["bob", "ann"])])
    assert (names(ann), names(bob)) == ({"name:ann"}, {"name:ann", "name:bob"})
    assert len(messages(broker)) == 2
    with pytest.raises(InvalidParamsError, match="NUL"):
        submission.enqueue_many(about_names, [Named(names=["carl"]), Named(names=["\0"])])
    assert (messages(broker), Run.objects.count(), found("name:carl")) == ([], 2, set())


def test_an_operation_that_declares_nothing_is_about_nothing() -> None:
    assert names(recorded(add_one_to_each)) == set()


def test_what_a_run_finds_out_is_recorded_before_it_goes_on_and_stays_when_it_fails() -> None:
    def body(run: RunContext) -> None:
        run.about("name:ann", "name:bob")
        assert RunSubject.objects.filter(run=run.id).count() == 2
        raise RefusalError("no")

    run = played(body)
    assert (run.status, names(run)) == ("failed", {"name:ann", "name:bob"})


def test_finding_it_out_again_after_a_resumption_changes_nothing() -> None:
    def body(run: RunContext, *more: str) -> None:
        run.about("name:ann", *more)
        if not more:
            raise RefusalError("no")

    run = resumed(played(body), lambda run: body(run, "name:bob"))
    assert sorted(run.subjects.values_list("name", flat=True)) == ["name:ann", "name:bob"]


def test_a_batch_that_is_rolled_back_does_not_take_it_along() -> None:
    def body(run: RunContext) -> None:
        for batch in run.batches(DVD.objects.all()):
            run.about("name:ann")
            raise RefusalError(len(batch))

    dvds(1)
    assert names(played(body)) == {"name:ann"}


def test_parts_are_about_what_the_whole_is_about_and_the_whole_about_what_they_find_out(broker: str) -> None:
    messages(broker)
    dvds(9)

    def body(run: RunContext) -> None:
        run.about("name:found")
        add_one_to_each(run)

    stage.body = add_one_to_each
    run = submission.enqueue(about_names, Named(names=["ann"]))
    attempt = claims.claim(run.pk)
    assert attempt
    runner.carry_out(run.pk, attempt)
    parts = list(run.parts.all())
    assert [names(part) for part in parts] == [{"name:ann"}, {"name:ann"}]
    stage.body = body
    worked_off(broker)
    assert [names(each) for each in (run, *parts)] == [{"name:ann", "name:found"}] * 3


@pytest.mark.usefixtures("broker")
def test_a_run_that_failed_on_receipt_is_about_what_its_values_seem_to_say() -> None:
    for kwargs, expected in [
        ({"names": ["ann"], "number": "many"}, {"name:ann"}),
        ({"names": ["ann"], "nmber": 1}, {"name:ann"}),
        ({"names": 7, "number": 1}, set()),
        ({"number": "x"}, set()),
        ([1], set()),
    ]:
        run = Run.objects.get(pk=task("testing.about_names").apply_async(kwargs=kwargs).id)
        assert (run.status, run.params, names(run)) == ("failed", {}, expected), kwargs


@pytest.mark.parametrize("name", ["x" * 1_000, "nul \x00", "ä" * 300, "half \ud800", ""])
def test_whatever_somebody_calls_it_it_is_found_by_that_name(name: str) -> None:
    run = played(lambda run: run.about(name))
    assert (run.status, found(name)) == ("succeeded", {run})


def test_a_name_that_no_run_needs_is_found_by_an_index() -> None:
    Run.objects.bulk_create(Run(operation="x", status="succeeded") for _ in range(5_000))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO upkeep_operations_runsubject (run_id, name)"
            " SELECT id, 'organization:' || (row_number() OVER () % 500) FROM upkeep_operations_run"
        )
        cursor.execute("ANALYZE upkeep_operations_run, upkeep_operations_runsubject")
    plan = subjects.runs_about("organization:7").filter(parent=None).order_by("pk").explain()
    assert "upkeep_runsubject_name" in plan
    assert "Seq Scan on upkeep_operations_runsubject" not in plan
    assert len(found("organization:7")) == 10


# ---- messages of runs that are gone


def test_a_message_of_a_run_that_was_deleted_makes_no_new_one(broker: str) -> None:
    messages(broker)
    run = submission.enqueue(about_names, Named(names=["ann"]))
    [(headers, body)] = messages(broker)
    Run.objects.all().delete()
    with pytest.raises(Ignore):
        received(headers["task"], headers["id"], body[1], headers)
    assert not Run.objects.exists()
    assert str(run.pk) == headers["id"]
