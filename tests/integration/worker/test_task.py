import hashlib
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import Ignore
from celery.signals import beat_embedded_init
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.test import override_settings

from tests.acceptance.polling import MAX_SECONDS
from tests.integration.messages import messages, received, task
from tests.integration.operations.factories import COMMITTED, add_one_to_each, copies, dvds
from tests.operations.dvds import AddOne, Remove, add_one, remove_dvds
from tests.operations.scripted import recorded, reread, scripted_alone, stage
from upkeep.operations import cancellation, runner, submission
from upkeep.operations.broker import publish
from upkeep.operations.errors import OperationError
from upkeep.operations.leases import claims
from upkeep.operations.models import Run
from upkeep.worker import receipt

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]

HOSTILE = {
    "queue": "elsewhere",
    "routing_key": "elsewhere",
    "exchange": "elsewhere",
    "serializer": "pickle",
    "headers": {"periodic_task_name": "Nightly", receipt.ORIGIN: "Nightly:signature"},
    "producer": "x",
    "connection": "x",
    "shadow": "x",
    "retry_policy": {"max_retries": -1},
    "compression": "nothing",
    "time_limit": 1,
}


@pytest.fixture(autouse=True)
def _empty_queue(broker: str) -> None:
    """Nothing is left of the tests before."""
    messages(broker)


def test_sending_a_task_records_a_run_of_its_id_and_sends_its_message(broker: str) -> None:
    result = task().apply_async(kwargs={"limit": 3})
    run = Run.objects.get()
    assert (str(run.pk), run.status, run.operation) == (result.id, "queued", "testing.add_one")
    assert (run.params["limit"], run.queue, run.origin) == (3, "default", "message")
    assert run.sent_at
    [(headers, [args, kwargs, _])] = messages(broker)
    assert (headers["id"], headers["task"], args) == (result.id, "testing.add_one", [])
    assert kwargs == {"limit": 3, "hang": "nowhere", "ending": None}


@pytest.mark.parametrize("by", [lambda **kwargs: task().delay(**kwargs), lambda **kwargs: task().s(**kwargs).delay()])
def test_however_it_is_sent_there_is_a_run(by: Callable[..., Any]) -> None:
    result = by(limit=3)
    assert Run.objects.get(pk=result.id).params["limit"] == 3


def test_a_chosen_task_id_becomes_the_run_id() -> None:
    chosen = str(uuid.uuid4())
    assert task().apply_async(task_id=chosen).id == chosen
    assert str(Run.objects.get().pk) == chosen


@pytest.mark.parametrize("task_id", ["x", "", 7, "../../etc", "a\x00b", {"a": 1}])
def test_a_task_id_that_is_no_uuid_is_replaced(task_id: object) -> None:
    result = task().apply_async(task_id=task_id)
    assert str(Run.objects.get().pk) == result.id


def test_the_task_id_of_another_run_is_replaced() -> None:
    first = task().apply_async(kwargs={"limit": 1})
    second = task().apply_async(kwargs={"limit": 2}, task_id=first.id)
    assert second.id != first.id
    assert Run.objects.get(pk=first.id).params["limit"] == 1


@pytest.mark.parametrize(
    ("args", "kwargs", "told"),
    [
        (None, {"limt": 3}, "unknown parameter 'limt' (did you mean 'limit'?)"),
        (None, {"limit": "many"}, "limit "),
        (None, {"limit": [[1] * 1000]}, "limit "),
        (None, {1: 2}, ""),
        ((1,), None, "keyword arguments only"),
        ("abc", {}, "keyword arguments only"),
        (None, [1, 2], "kwargs must be an object"),
        (None, "limit=3", "kwargs must be an object"),
        (None, {"dry_run": "yes"}, "dry_run must be true or false"),
        (None, {"confirm": 1}, "confirm a string"),
        (None, {"limt\x00": "a\x00b"}, "unknown parameter"),
        (None, {"\ud800": "\ud800"}, ""),
        (None, {"hang": "\x00"}, "hang "),
    ],
)
def test_values_that_do_not_fit_make_a_failed_run_that_is_not_sent(
    broker: str, args: Any, kwargs: Any, told: str
) -> None:
    result = task().apply_async(args, kwargs)
    run = Run.objects.get()
    assert (str(run.pk), run.status) == (result.id, "failed")
    assert told in run.error
    assert run.finished_at
    assert messages(broker) == []


@pytest.mark.parametrize("confirm", ["yes", "\x00", "\ud800", "x" * 500])
def test_a_word_that_nobody_asked_for_is_not_kept(confirm: str) -> None:
    task().apply_async(kwargs={"confirm": confirm})
    run = Run.objects.get()
    assert (run.status, run.confirm) == ("queued", "")


@pytest.mark.parametrize(
    ("kwargs", "told"),
    [
        ({f"unknown{n}": "x" * 10_000 for n in range(1_000)}, "unknown parameter 'unknown0'"),
        ({"kind": "k" * 201, "confirm": "k" * 201}, "the confirm of these parameters has 201 characters, at most 200"),
        (
            {"kind": "k" * 1_000_000, "confirm": "k" * 1_000_000},
            "the parameters are 1,000,025 characters",
        ),
    ],
)
def test_what_is_too_long_to_be_recorded_makes_a_failed_run_with_a_short_reason(
    kwargs: dict[str, str], told: str
) -> None:
    task("testing.remove_dvds").apply_async(kwargs=kwargs)
    run = Run.objects.get()
    assert (run.status, run.params, len(run.error) <= 2_000) == ("failed", {}, True)
    assert run.error.startswith(told)


def test_a_text_param_with_a_nul_makes_a_failed_run() -> None:
    task("testing.remove_dvds").apply_async(kwargs={"kind": "a\x00b", "confirm": "a\x00b"})
    assert Run.objects.get().status == "failed"


@pytest.mark.parametrize("name", HOSTILE)
def test_options_that_a_caller_may_not_choose_are_left_out(broker: str, name: str) -> None:
    task().apply_async(kwargs={"limit": 3}, **{name: HOSTILE[name]})
    run = Run.objects.get()
    assert (run.status, run.queue, run.origin) == ("queued", "default", "message")
    [(headers, [_, kwargs, embed])] = messages(broker)
    assert (headers["id"], kwargs["limit"]) == (str(run.pk), 3)
    assert (headers["shadow"], headers["eta"], headers["expires"]) == (None, None, None)
    assert not embed["callbacks"]


@pytest.mark.parametrize("when", [{"countdown": 3600}, {"eta": datetime.now(UTC) + timedelta(hours=1)}])
def test_a_run_that_is_to_start_later_is_not_sent_before(broker: str, when: dict[str, Any]) -> None:
    task().apply_async(**when)
    run = Run.objects.get()
    assert run.not_before
    assert timedelta(minutes=30) < run.not_before - run.created_at < timedelta(minutes=61)
    assert (run.sent_at, messages(broker)) == (None, [])


def test_an_expiry_is_kept_in_the_row_and_in_the_message(broker: str) -> None:
    task().apply_async(expires=60)
    run = Run.objects.get()
    assert run.expires_at
    [(headers, _)] = messages(broker)
    assert datetime.fromisoformat(headers["expires"]) == run.expires_at


def test_a_run_that_has_expired_is_not_started(broker: str) -> None:  # noqa: ARG001
    dvds(1)
    run = recorded(add_one_to_each, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(Ignore):
        received("testing.scripted", str(run.pk), {})
    assert (reread(run).status, copies()) == ("queued", [1])


def test_only_in_the_process_of_a_beat_are_celery_s_own_headers_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt, "_in_beat", False)  # as it is again afterwards
    headers = {"periodic_task_name": "Nightly"}
    assert Run.objects.get(pk=task().apply_async(headers=headers).id).origin == "message"
    beat_embedded_init.send(sender=None)
    assert Run.objects.get(pk=task().apply_async(headers=headers).id).origin == "beat: Nightly"


@pytest.mark.parametrize("entry", ["Nightly", "x" * 500, "a\x00b", "\ud800"])
def test_beat_is_told_as_the_origin(entry: str) -> None:
    task_id = str(uuid.uuid4())
    task().apply_async(task_id=task_id, headers=receipt.fired_by(entry, task_id))
    run = Run.objects.get()
    assert run.origin.startswith("beat: ")
    assert len(run.origin) <= 200


def test_a_run_is_sent_when_its_transaction_is_committed_and_not_before(broker: str) -> None:
    with transaction.atomic():
        task().apply_async()
        assert messages(broker) == []
    assert len(messages(broker)) == 1
    with transaction.atomic():
        task().apply_async()
        transaction.set_rollback(True)
    assert messages(broker) == []
    assert Run.objects.count() == 1


# ---- confirming


def test_a_destructive_task_without_its_word_fails_and_touches_nothing() -> None:
    dvds(2)
    for kwargs in ({}, {"confirm": "yes"}, {"confirm": "ALL"}):
        result = task("testing.remove_dvds").apply_async(kwargs=kwargs)
        run = Run.objects.get(pk=result.id)
        assert (run.status, "it needs confirm='all'" in run.error) == ("failed", True)
    assert copies() == [1, 1]


def test_a_destructive_task_with_its_word_is_carried_out() -> None:
    dvds(2)
    run = Run.objects.get(pk=task("testing.remove_dvds").apply_async(kwargs={"confirm": "all"}).id)
    assert (run.status, run.confirm, run.params) == ("queued", "all", {"kind": "all", "most": 100})
    assert received("testing.remove_dvds", str(run.pk), {})["counts"]["deleted"] == 2
    assert copies() == []


def test_a_dry_run_of_a_destructive_task_wants_no_word() -> None:
    dvds(2)
    run = Run.objects.get(pk=task("testing.remove_dvds").apply_async(kwargs={"dry_run": True}).id)
    assert received("testing.remove_dvds", str(run.pk), {})["counts"]["deleted"] == 2
    assert copies() == [1, 1]


def test_executing_and_enqueueing_want_the_word_too() -> None:
    dvds(1)
    for send in (runner.execute, submission.enqueue):
        with pytest.raises(OperationError, match="it needs confirm='all', not 'yes'"):
            send(remove_dvds, Remove(), confirm="yes")
    assert not Run.objects.exists()
    assert runner.execute(remove_dvds, Remove(), confirm="all").counts["deleted"] == 1


# ---- receiving


def test_a_message_carries_out_the_run_that_it_names(broker: str) -> None:
    dvds(2)
    run = submission.enqueue(add_one, AddOne(limit=1))
    [(headers, [_, kwargs, _])] = messages(broker)
    told = received(headers["task"], headers["id"], kwargs)
    assert (told["run"], told["status"], told["counts"]["updated"]) == (str(run.pk), "succeeded", 1)
    run = reread(run)
    assert (run.status, run.attempt, copies()) == ("succeeded", 1, [2, 1])


def test_the_row_is_believed_and_not_the_message() -> None:
    dvds(3)
    run = submission.enqueue(add_one, AddOne(limit=1))
    assert received("testing.add_one", str(run.pk), {"limit": 3})["counts"]["updated"] == 1


def test_a_message_that_comes_twice_is_dropped() -> None:
    dvds(1)
    run = submission.enqueue(add_one, AddOne())
    received("testing.add_one", str(run.pk), {})
    with pytest.raises(Ignore):
        received("testing.add_one", str(run.pk), {})
    assert (copies(), Run.objects.count()) == ([2], 1)


def test_a_message_that_was_sent_past_us_is_recorded_on_receipt() -> None:
    dvds(2)
    sent = str(uuid.uuid4())
    received("testing.add_one", sent, {"limit": 1}, headers=receipt.fired_by("Nightly", sent))
    run = Run.objects.get()
    assert (str(run.pk), run.status, run.origin, copies()) == (sent, "succeeded", "beat: Nightly", [2, 1])


@pytest.mark.parametrize(
    ("signed_for", "origin"),
    [("this", "flower: Ann"), ("this", "beat: Nightly"), ("another", "message"), (None, "message")],
)
def test_who_sent_a_message_is_believed_only_under_the_id_that_it_was_signed_for(
    signed_for: str | None, origin: str
) -> None:
    sent = str(uuid.uuid4())
    signed = {"this": sent, "another": str(uuid.uuid4())}.get(signed_for or "", "")
    by = receipt.fired_by("Nightly", signed) if origin.startswith("beat") else receipt.sent_by("flower: Ann", signed)
    headers = by if signed_for else {receipt.ORIGIN: "flower: Ann"}
    received("testing.add_one", sent, {"limit": 1}, headers=headers)
    task().apply_async(task_id=(other := str(uuid.uuid4())), headers=headers)
    assert (Run.objects.get(pk=sent).origin, Run.objects.get(pk=other).origin) == (origin, "message")


def test_a_message_whose_run_was_deleted_is_dropped_also_under_a_new_key(broker: str) -> None:
    dvds(1)
    submission.enqueue(remove_dvds, Remove(), confirm="all")
    [(headers, [_, kwargs, _])] = messages(broker)
    assert kwargs == {"kind": "all", "most": 100}  # its confirmation is in the row alone
    Run.objects.all().delete()
    for keys in ({}, {"SECRET_KEY": "a new one", "SECRET_KEY_FALLBACKS": [settings.SECRET_KEY]}):
        with override_settings(**keys), pytest.raises(Ignore):
            received(headers["task"], headers["id"], kwargs, headers=headers)
    assert (Run.objects.count(), copies()) == (0, [1])


@pytest.mark.parametrize("mark", [True, "", "no signature", "another"])
def test_a_message_that_only_claims_to_be_ours_is_a_new_run_which_destroys_nothing(mark: object) -> None:
    dvds(1)
    if mark == "another":
        mark = receipt.signed(Run(operation="testing.remove_dvds"))[receipt.RECORDED]
    with pytest.raises(OperationError, match="destroys data, which no message can confirm"):
        received("testing.remove_dvds", str(uuid.uuid4()), {"confirm": "all"}, headers={receipt.RECORDED: mark})
    run = Run.objects.get()
    assert (run.status, run.attempt, run.confirm, copies()) == ("failed", 0, "", [1])


def test_a_message_that_names_the_run_of_another_operation_gets_a_run_of_its_own() -> None:
    other = submission.enqueue(remove_dvds, Remove(), confirm="all")
    dvds(1)
    told = received("testing.add_one", str(other.pk), {})
    assert told["run"] != str(other.pk)
    assert (reread(other).status, copies()) == ("queued", [2])


def test_a_bad_message_that_was_sent_past_us_is_a_failed_run() -> None:
    with pytest.raises(OperationError, match="unknown parameter 'nonsense'"):
        received("testing.add_one", "no uuid", {"nonsense": 1})
    assert Run.objects.get().status == "failed"


def test_a_failed_operation_fails_the_task() -> None:
    run = submission.enqueue(add_one, AddOne.parse({"ending": "refused"}))
    dvds(1)
    with pytest.raises(OperationError, match="no more"):
        received("testing.add_one", str(run.pk), {})
    assert reread(run).status == "failed"


def test_a_cancelled_run_is_not_carried_out() -> None:
    run = submission.enqueue(add_one, AddOne())
    dvds(1)
    cancellation.cancel(run.pk)
    with pytest.raises(Ignore):
        received("testing.add_one", str(run.pk), {})
    assert copies() == [1]


def test_a_queued_run_waits_for_its_turn_and_beat_does_not() -> None:
    holder = recorded(add_one_to_each, what=scripted_alone)
    claims.claim(holder.pk)
    waiting = recorded(stage.body, what=scripted_alone, sent_at=datetime.now(UTC))
    with pytest.raises(Ignore):
        received("testing.scripted_alone", str(waiting.pk), {})
    waiting = reread(waiting)
    assert (waiting.status, waiting.sent_at) == ("queued", None)
    from_beat = recorded(stage.body, what=scripted_alone, origin="beat: Nightly")
    with pytest.raises(Ignore):
        received("testing.scripted_alone", str(from_beat.pk), {})
    skipped = reread(from_beat)
    assert (skipped.status, str(holder.pk) in skipped.error) == ("skipped", True)


def test_a_run_of_beat_that_did_a_part_already_waits_for_its_turn_too() -> None:
    now = datetime.now(UTC)
    handed_over = recorded(stage.body, what=scripted_alone, origin="beat: Nightly", sent_at=now)
    Run.objects.filter(pk=handed_over.pk).update(attempt=1)
    holder = recorded(add_one_to_each, what=scripted_alone)
    claims.claim(holder.pk)
    with pytest.raises(Ignore):
        received("testing.scripted_alone", str(handed_over.pk), {})
    handed_over = reread(handed_over)
    assert (handed_over.status, handed_over.sent_at) == ("queued", None)


def test_the_next_in_line_is_sent_when_the_key_is_free(broker: str) -> None:
    first = recorded(add_one_to_each, what=scripted_alone)
    second = recorded(add_one_to_each, what=scripted_alone)
    received("testing.scripted_alone", str(first.pk), {})
    [(headers, _)] = messages(broker)
    assert headers["id"] == str(second.pk)


def test_a_run_that_was_queued_under_an_earlier_name_is_carried_out() -> None:
    dvds(1)
    run = recorded(add_one_to_each, what=scripted_alone)
    Run.objects.filter(pk=run.pk).update(operation="testing.scripted_by_itself")
    assert publish(reread(run))
    told = received("testing.scripted_by_itself", str(run.pk), {})
    assert (told["run"], copies(), Run.objects.count()) == (str(run.pk), [2], 1)


def test_a_command_and_a_message_leave_the_same_kind_of_run() -> None:
    dvds(1)
    runner.execute(add_one, AddOne())
    received("testing.add_one", str(submission.enqueue(add_one, AddOne()).pk), {})
    ignored = {"id", "created_at", "started_at", "finished_at", "sent_at", "queue"}
    one, two = (
        {name: value for name, value in row.items() if name not in ignored} for row in Run.objects.values()
    )  # fmt: skip
    assert one == two


def test_a_path_in_the_kwargs_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    file = {"name": "secret", "sha256": hashlib.sha256(b"x").hexdigest(), "path": str(secret)}
    task("testing.read_file").apply_async(kwargs={"file": file})
    run = Run.objects.get()
    assert (run.status, "a path is read in the foreground only" in run.error) == ("failed", True)
    with pytest.raises(OperationError, match="a path is read in the foreground only"):
        received("testing.read_file", str(uuid.uuid4()), {"file": file})
    assert not Run.objects.exclude(report=[]).exists()


def test_a_message_that_several_processes_receive_at_once_is_one_run() -> None:
    everybody = threading.Barrier(4)

    def receive(task_id: str) -> Run | None:
        try:
            everybody.wait(MAX_SECONDS)
            return receipt.received(add_one, task_id, (), {}, headers=None)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as processes:
        for _ in range(25):
            task_id = str(uuid.uuid4())
            assert {run and run.pk for run in processes.map(receive, [task_id] * 4)} == {uuid.UUID(task_id)}
    assert Run.objects.count() == 25
