"""What is said beside the kwargs: understood, or a failed run that says so; Celery's own calls work."""

import inspect
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery, Task, group
from celery.app.amqp import AMQP
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from kombu import Producer

from backend.config.celery import app
from tests.integration.messages import messages, named, task
from tests.integration.operations.factories import COMMITTED, copies, dvds
from tests.operations.dvds import add_one
from tests.operations.scripted import reread
from upkeep.operations import submission
from upkeep.operations.errors import InvalidParamsError, OperationError
from upkeep.operations.models import Run
from upkeep.worker import options

pytestmark = [COMMITTED, pytest.mark.usefixtures("broker")]
TOMORROW = datetime.now(UTC) + timedelta(days=1)
ITS_OWN = {"self", "name", "args", "kwargs", "body", "callbacks", "errbacks", "options", "properties", "route_name"}


@pytest.fixture(autouse=True)
def _empty_queue(broker: str) -> None:
    messages(broker)


def test_every_keyword_that_celery_declares_is_known() -> None:
    declaring = (Task.apply_async, Celery.send_task, AMQP.as_task_v2, app.amqp.send_task_message, Producer.publish)
    for function in declaring:
        declared = {*inspect.signature(function).parameters} - ITS_OWN - {"message", "kwargs"}
        assert declared <= options.KNOWN, function


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"kwarg": {"limit": 1}}, "unknown key 'kwarg' beside kwargs (did you mean 'kwargs'?)"),
        ({"arg": [1]}, "(did you mean 'args'?)"),
        ({"dryrun": True}, "(did you mean 'dry_run'?)"),
        ({"Dry-Run": True}, "(did you mean 'dry_run'?)"),
        ({"confrim": "yes"}, "(did you mean 'confirm'?)"),
        ({"countdwon": 60}, "(did you mean 'countdown'?)"),
        ({"limit": 1}, "unknown key 'limit' beside kwargs: a parameter belongs in kwargs"),
        ({"limt": 1}, "(did you mean 'limit' in kwargs?)"),
        ({"zzz": None}, "unknown key 'zzz' beside kwargs"),
        ({"\x00\ud800": 1}, "unknown key"),
        ({"": 1}, "unknown key ''"),
        ({"x1": 1, "x2": 1, "x3": 1, "x4": 1, "x5": 1, "x6": 1, "x7": 1}, "; and 2 more"),
        ({"dry_run": "yes"}, "dry_run must be true or false"),
        ({"dry_run": None}, "dry_run must be true or false"),
        ({"confirm": 1}, "confirm a string"),
        ({"partitions": "2"}, "partitions must be a number"),
        ({"max_deleted": 101}, "max_deleted should be less than or equal to 100, not 101"),
        ({"max_failed": "some"}, "max_failed should be a valid integer"),
        ({"partitions": 2}, "cannot be split"),
        ({"countdown": "soon"}, "countdown must be a number of seconds, at most a year, not 'soon'"),
        ({"countdown": float("nan")}, "countdown must be"),
        ({"countdown": float("inf")}, "countdown must be"),
        ({"countdown": 10**400}, "countdown must be"),
        ({"countdown": 10**12}, "countdown must be"),
        ({"countdown": True}, "countdown must be"),
        ({"countdown": [5]}, "countdown must be"),
        ({"eta": "tomorrow"}, "eta must be a time such as"),
        ({"eta": 5}, "eta must be a time such as"),
        ({"eta": {}}, "eta must be a time such as"),
        (
            {"expires": "soon"},
            "expires must be a time such as 2026-11-27T10:50:00+00:00 or a number of seconds, not 'soon'",
        ),
        ({"expires": True}, "expires must be a number of seconds"),
        ({"expires": 10**12}, "expires must be a number of seconds"),
        ({"expires": 10**5000}, "not something too large (int)"),
        ({"priority": 300}, "priority must be a number from 0 to 255, not 300"),
        ({"priority": -1}, "priority must be"),
        ({"priority": "high"}, "priority must be"),
        ({"priority": True}, "priority must be"),
        ({"priority": 2.5}, "priority must be"),
    ],
)
def test_what_is_not_understood_makes_a_failed_run_that_is_not_sent(
    broker: str, said: dict[str, Any], told: str
) -> None:
    result = task().apply_async(kwargs={"hang": "nowhere"}, **said)
    run = Run.objects.get()
    assert (str(run.pk), run.status) == (result.id, "failed")
    assert told in run.error
    assert messages(broker) == []


@pytest.mark.parametrize("name", ["dry_run", "confirm", "partitions", "max_deleted"])
def test_what_is_said_twice_and_differs_is_refused(name: str) -> None:
    said = {"dry_run": (True, False), "confirm": ("all", "yes"), "partitions": (1, True), "max_deleted": (1, 2)}[name]
    for one, other in (said, reversed(said)):
        task("testing.remove_dvds").apply_async(kwargs={name: one}, **{name: other})
    assert {(run.status, f"{name} is given twice" in run.error) for run in Run.objects.all()} == {("failed", True)}


def test_how_to_run_is_understood_in_the_kwargs_beside_them_and_in_both() -> None:
    remove = task("testing.remove_dvds")
    for kwargs, beside in (({"dry_run": True}, {}), ({}, {"dry_run": True}), ({"dry_run": True}, {"dry_run": True})):
        run = Run.objects.get(pk=remove.apply_async(kwargs=kwargs, **beside).id)
        assert (run.status, run.dry_run, run.params) == ("queued", True, {"kind": "all", "most": 100})
    assert Run.objects.get(pk=remove.apply_async(confirm="all").id).confirm == "all"
    assert Run.objects.get(pk=task("testing.scripted_parts").apply_async(partitions=2).id).partitions == 2


def test_kwargs_of_the_caller_are_not_changed() -> None:
    kwargs = {"limit": 1}
    task().apply_async(kwargs=kwargs, dry_run=True)
    assert kwargs == {"limit": 1}


# ---- times


@pytest.mark.parametrize(
    "when",
    [
        {"countdown": 86400},
        {"countdown": "86400"},
        {"countdown": 86400.0, "eta": datetime.now(UTC)},
        {"eta": TOMORROW},
        {"eta": TOMORROW.isoformat()},
        {"eta": TOMORROW.strftime("%Y-%m-%dT%H:%M:%SZ")},
    ],
)
def test_a_later_start_is_understood(broker: str, when: dict[str, Any]) -> None:
    task().apply_async(**when)
    run = Run.objects.get()
    assert run.not_before
    assert abs(run.not_before - TOMORROW) < timedelta(hours=1)
    assert (run.sent_at, messages(broker)) == (None, [])


@pytest.mark.parametrize("when", [{"countdown": -5}, {"eta": "2020-01-01 00:00:00"}, {"countdown": None, "eta": None}])
def test_what_was_to_start_in_the_past_starts_now(broker: str, when: dict[str, Any]) -> None:
    task().apply_async(**when)
    assert (Run.objects.get().not_before, len(messages(broker))) == (None, 1)


@pytest.mark.parametrize("expires", [-1, datetime.now(UTC) - timedelta(1), "2020-01-01"])
def test_what_expired_in_the_past_does_not_start(expires: object) -> None:
    task().apply_async(expires=expires)
    expired = Run.objects.get().expires_at
    assert expired
    assert expired < datetime.now(UTC)


@pytest.mark.parametrize(
    "expires", [86400, "86400", TOMORROW, TOMORROW.isoformat()], ids=["number", "text", "time", "ISO"]
)
def test_an_expiry_is_understood(expires: object) -> None:
    task().apply_async(expires=expires)
    expires_at = Run.objects.get().expires_at
    assert expires_at
    assert abs(expires_at - TOMORROW) < timedelta(hours=1)


@pytest.mark.parametrize("edge", [datetime.max, datetime.min, datetime.max.replace(tzinfo=UTC)])  # noqa: DTZ901
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_a_time_at_the_end_of_the_calendar_does_not_lose_the_run(edge: datetime, zone: str) -> None:
    with timezone.override(zone):
        for name in ("eta", "expires"):
            task().apply_async(**{name: edge})
    assert Run.objects.count() == 2


def test_a_time_without_a_zone_is_in_that_of_the_settings() -> None:
    with override_settings(TIME_ZONE="Asia/Tokyo"):
        task().apply_async(expires="2030-01-01 09:00:00")
    assert Run.objects.get().expires_at == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_priority_goes_into_the_message(broker: str) -> None:
    task().apply_async(priority="7")
    with app.connection_for_read() as connection:
        message = connection.SimpleQueue("default").get_nowait()
        message.ack()
    assert message.properties["priority"] == 7
    assert messages(broker) == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted({*options.KNOWN, "zzz"})) | st.text(), anything, max_size=5))
def test_whatever_is_said_is_understood_or_refused(said: dict[str, Any]) -> None:
    try:
        options.joined(add_one, {}, said)
    except InvalidParamsError:
        return
    assert options.times(said).keys() == {"not_before", "expires_at", "sent_at"}
    stamps = said.get("stamped_headers")
    assert all(isinstance(stamps, list) and name in stamps for name in {*said} - options.KNOWN)


# ---- Celery's own calls


def test_signatures_and_groups_record_their_runs() -> None:
    single = task().si(limit=1)
    for result in (
        single.delay(),
        single.apply_async(countdown=0),
        single.clone().set(priority=3).apply_async(),
        task().signature(kwargs={"limit": 1}, countdown=1).apply_async(),
        *group(single.clone(), single.clone()).apply_async(),
    ):
        run = Run.objects.get(pk=result.id)
        assert (run.status, run.error) == ("queued", "")
    assert Run.objects.count() == 6


def test_stamps_are_no_unknown_keys() -> None:
    stamped = task().si(limit=1)
    stamped.stamp(customer="acme")
    run = Run.objects.get(pk=stamped.apply_async().id)
    assert (run.status, run.error) == ("queued", "")


def test_a_retry_of_a_request_is_understood() -> None:
    called = task()
    called.push_request(id=str(uuid.uuid4()), kwargs={"limit": 1}, retries=1, stamps={"a": 1}, stamped_headers=["a"])
    try:
        again = called.signature_from_request(countdown=1, retries=2)
    finally:
        called.pop_request()
    run = Run.objects.get(pk=again.apply_async().id)
    assert (run.status, run.params["limit"]) == ("queued", 1)


# ---- past apply_async


def test_send_task_understands_how_to_run_and_refuses_what_nobody_reads(broker: str) -> None:
    dvds(1)
    sent = app.send_task("testing.remove_dvds", kwargs={}, dry_run=True, priority=3)
    [(headers, [_, kwargs, _])] = messages(broker)
    assert (headers["id"], kwargs) == (sent.id, {"dry_run": True})
    refused = app.send_task("testing.remove_dvds", kwargs={"confirm": "all"}, dryrun=True)
    run = Run.objects.get(pk=refused.id)
    assert (run.status, named(broker), copies()) == ("failed", [], [1])
    assert "unknown key 'dryrun'" in run.error


def test_send_task_sends_the_times_that_it_is_given(broker: str) -> None:
    app.send_task("testing.add_one", kwargs={}, countdown="60", expires="3600", queue="default")
    [(headers, _)] = messages(broker)
    assert timedelta(0) < datetime.fromisoformat(headers["expires"]) - datetime.now(UTC) <= timedelta(hours=1)
    assert datetime.fromisoformat(headers["eta"]) > datetime.now(UTC)


def test_send_task_of_another_task_is_celerys(broker: str) -> None:
    app.send_task("elsewhere.task", ["x"], {"y": 1}, colour="red")
    [(headers, [args, kwargs, _])] = messages(broker)
    assert (headers["task"], args, kwargs) == ("elsewhere.task", ["x"], {"y": 1})


def test_what_is_applied_here_is_understood_too() -> None:
    dvds(1)
    done = task("testing.remove_dvds").apply(kwargs={}, dry_run=True)
    assert (done.result["dry_run"], copies()) == (True, [1])
    assert reread(Run.objects.get()).dry_run
    failed = task("testing.remove_dvds").apply(kwargs={"confirm": "all"}, dryrun=True)
    assert (failed.state, "unknown key 'dryrun'" in str(failed.result), copies()) == ("FAILURE", True, [1])
    assert reread(Run.objects.get(pk=failed.id)).error == str(failed.result)
    with pytest.raises(InvalidParamsError, match="unknown key 'dryrun'"):
        task("testing.remove_dvds").apply(kwargs={"confirm": "all"}, dryrun=True, throw=True)


@pytest.mark.parametrize("name", ["dry-run", "dryRun", "DRY_RUN", "dryrun", "confirmed"])
def test_how_to_run_misspelt_among_the_kwargs_is_told_the_right_one(name: str) -> None:
    run = Run.objects.get(pk=task("testing.remove_dvds").apply_async(kwargs={name: True}).id)
    right = "confirm" if name == "confirmed" else "dry_run"
    assert (run.status, run.error) == ("failed", f"unknown parameter {name!r} (did you mean {right!r}?)")


def test_a_key_that_is_too_long_makes_a_failed_run() -> None:
    run = Run.objects.get(pk=task("testing.keyed").apply_async(kwargs={"key": "k" * 201}).id)
    assert (run.status, run.error) == ("failed", f"'{'k' * 40}'… is too long: 201 characters, at most 200")
    run = Run.objects.get(pk=task("testing.keyed").apply_async(kwargs={"key": "k" * 200}).id)
    assert run.status == "queued"


def test_a_run_that_was_refused_is_not_resumed_with_defaults() -> None:
    dvds(1)
    refused = task("testing.add_one").apply_async(kwargs={}, dryrun=True)
    with pytest.raises(OperationError, match=r"was refused before it began \(unknown key 'dryrun'.*start a new one"):
        submission.requeue(uuid.UUID(refused.id), queue="")
    assert (reread(Run.objects.get(pk=refused.id)).status, copies()) == ("failed", [1])
