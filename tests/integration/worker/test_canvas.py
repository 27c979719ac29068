"""Celery's canvas with operations: chains are carried out, all else that is to follow a run is refused."""

from contextlib import suppress
from typing import Any

import pytest
from celery import chain, chord, group, signature
from celery.exceptions import Ignore, TaskRevokedError
from celery.result import AsyncResult

from backend.config.celery import app
from tests.integration.messages import messages, received, task, worked_off
from tests.integration.operations.factories import COMMITTED, copies, dvds
from upkeep.operations import cancellation, runner
from upkeep.operations.delivery.sweep import sweep
from upkeep.operations.errors import OperationError
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.operations.submission import requeue

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]
FAILING = {"ending": "fail"}


@app.task(name="testing_plain.task")  # type: ignore[untyped-decorator]  # Celery has no annotations
def plain(*_args: Any) -> None:
    """A task that is not an operation."""


@pytest.fixture(autouse=True)
def _empty_queue(broker: str) -> None:
    messages(broker)


def add(**kwargs: Any) -> Any:
    """A call of the operation."""
    return task().s(**kwargs)


def statuses() -> list[str]:
    """Of all runs, in the order in which they were recorded."""
    return list(Run.objects.order_by("created_at").values_list("status", flat=True))


def errors() -> str:
    return "\n".join(Run.objects.order_by("created_at").values_list("error", flat=True))


# ---- chains


@pytest.mark.parametrize(
    "made",
    [
        lambda: chain(add(limit=1), add(limit=2), add(limit=3)),
        lambda: add(limit=1) | add(limit=2) | add(limit=3),
        lambda: chain(add(limit=1), chain(task().si(limit=2), add(limit=3))),
        lambda: chain(*(signature("testing.add_one", kwargs={"limit": number}, app=app) for number in (1, 2, 3))),
    ],
)
def test_a_chain_of_operations_is_carried_out_run_after_run(broker: str, made: Any) -> None:
    dvds(3)
    result = made().apply_async()
    ids = [result.parent.parent.id, result.parent.id, result.id]
    assert [str(run.pk) for run in Run.objects.order_by("created_at")] == ids
    assert [run.params["limit"] for run in Run.objects.order_by("created_at")] == [1, 2, 3]
    assert all(app.AsyncResult(run_id).exists() for run_id in ids)
    for number in range(3):
        assert [headers["id"] for headers, _ in messages_kept(broker)] == [ids[number]]
        worked_off_once(broker)
        assert statuses() == ["succeeded"] * (number + 1) + ["queued"] * (2 - number)
    assert result.get(timeout=60)["run"] == result.id
    assert Run.objects.get(pk=ids[1]).origin == f"chain: after run {ids[0]}"


def messages_kept(broker: str) -> list[Any]:
    """The messages in the queue, which are there afterwards, too."""
    kept = messages(broker)
    for headers, _ in kept:
        task(headers["task"]).send(Run.objects.get(pk=headers["id"]))
    return kept


def worked_off_once(broker: str) -> None:
    """Let a worker do what the messages in the queue say, and nothing that is sent meanwhile."""
    for headers, _ in messages(broker):
        with suppress(Ignore, OperationError):
            received(headers["task"], headers["id"], {})


def test_a_chain_goes_on_though_the_worker_died_before_it_sent_the_next_run(broker: str) -> None:
    chain(add(), add()).apply_async()
    first = Run.objects.earliest("created_at")
    attempt = claims.claim(first.pk)
    assert attempt
    runner.carry_out(first.pk, attempt)  # and nothing of what the task does afterwards
    messages(broker)
    assert statuses() == ["succeeded", "queued"]
    sweep()
    worked_off(broker)
    assert statuses() == ["succeeded", "succeeded"]


def test_a_link_is_neither_sent_nor_started_before_its_turn(broker: str) -> None:
    chain(add(), add()).apply_async()
    first, second = Run.objects.order_by("created_at")
    messages(broker)
    sweep()
    assert messages(broker) == []
    assert claims.claim(second.pk) is None
    assert claims.claim(first.pk) == 1


@pytest.mark.parametrize("end", ["failed", "cancelled", "skipped"])
def test_after_a_run_that_did_not_succeed_the_chain_ends(broker: str, end: str) -> None:
    result = chain(add(), add(), add()).apply_async()
    first = Run.objects.get(pk=result.parent.parent.id)
    Run.objects.filter(pk=first.pk).update(status=end)
    sweep()
    assert statuses() == [end, "cancelled", "cancelled"]
    assert f"run {first.pk}, before it in its chain, did not succeed: it is {end}" in errors()
    with pytest.raises((TaskRevokedError, OperationError)):
        result.get(timeout=60)
    with pytest.raises(TaskRevokedError, match="before it in its chain"):
        AsyncResult(result.id, app=app).get(timeout=60)
    worked_off(broker)
    assert statuses() == [end, "cancelled", "cancelled"]


def test_the_rest_of_a_chain_can_be_resumed(broker: str) -> None:
    result = chain(add(), add()).apply_async()
    cancellation.cancel(Run.objects.get(pk=result.parent.id).pk)
    sweep()
    requeue(Run.objects.get(pk=result.id).pk, queue="default")
    sweep()
    Run.objects.filter(pk=result.id).update(sent_at=None)
    sweep()
    worked_off(broker)
    assert Run.objects.get(pk=result.id).status == "succeeded"


def test_a_chain_that_is_sent_past_apply_async_is_recorded_and_carried_out_once(broker: str) -> None:
    dvds(1)
    rest = [add(limit=1)]
    super(type(app), app).send_task("testing.add_one", kwargs={"limit": 1}, chain=rest, queue="default")
    [(headers, [_, kwargs, embed])] = messages(broker)
    called = task()
    request: dict[str, Any] = {"id": headers["id"], "headers": headers, "chain": embed["chain"], "kwargs": kwargs}
    called.push_request(**request, called_directly=False)
    try:
        called.run(**kwargs)
        assert called.request.chain is None  # Celery has nothing left to do
    finally:
        called.pop_request()
    worked_off(broker)
    assert statuses() == ["succeeded", "succeeded"]
    assert copies() == [3]


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (lambda: add(limt=3), "unknown parameter 'limt'"),
        (lambda: task("testing.remove_dvds").s(), "confirm"),
        (plain.s, "a link that is not an operation: 'testing_plain.task'"),
        (lambda: signature("nowhere.task", app=app), "a link that is not an operation: 'nowhere.task'"),
        (lambda: group(add(), add()), "a link that is not an operation: 'celery.group'"),
        (lambda: add().set(countdown=5), "countdown of testing.add_one: a later link of a chain cannot have one"),
        (lambda: add().set(link=add()), "link has no effect on an operation"),
        (lambda: add().on_error(plain.s()), "link_error has no effect on an operation"),
    ],
)
def test_a_chain_with_an_invalid_link_does_not_begin(broker: str, last: Any, told: str) -> None:
    chain(add(), add(), last()).apply_async()
    assert "failed" in statuses()
    assert set(statuses()) == {"failed"}
    assert told in errors()
    assert messages(broker) == []


# ---- the rest


@pytest.mark.parametrize(
    "call",
    [
        lambda: task().apply_async(link=add()),
        lambda: task().apply_async(link_error=plain.s()),
        lambda: task().apply_async(link=[{"task": "evil"}]),
        lambda: add().set(link=plain.s()).apply_async(),
        lambda: chord([add(), add()], plain.s()).apply_async(),
        lambda: app.send_task("testing.add_one", link=add()),
        lambda: task().apply_async(chain="nonsense"),
        lambda: task().apply_async(chain=[1]),
        lambda: task().apply_async(chain=[{"task": ["x"]}]),
        lambda: task().apply_async(chain=[{"task": "testing.add_one", "options": {"link": [add()]}}]),
        lambda: task().apply_async(chain=[add()] * 101),
    ],
)
def test_what_would_not_follow_is_refused(broker: str, call: Any) -> None:
    with suppress(NotImplementedError):  # Celery's, when the project's backend has no chords
        call()
    assert set(statuses()) == {"failed"}
    assert [message for message in messages(broker) if message[0]["task"] == "testing.add_one"] == []


def test_a_group_of_operations_runs_and_its_results_can_be_read(broker: str) -> None:
    result = group(add(limit=1), add(limit=2)).apply_async()
    worked_off(broker)
    assert [outcome["status"] for outcome in result.get(timeout=60)] == ["succeeded", "succeeded"]


def test_the_result_of_another_task_is_refused_with_what_to_write() -> None:
    task().apply_async(args=("what a plain task returned",))
    assert "an operation takes keyword arguments only: after another task, call it by `si`" in errors()
