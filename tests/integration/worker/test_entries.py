"""When an entry of Beat's schedule counts from, whoever changes it and however."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import signals
from django.utils import translation
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, PeriodicTask, PeriodicTasks

from backend.config.celery import app
from tests.integration.messages import messages
from tests.integration.operations.factories import COMMITTED
from tests.integration.worker.beats import HOUR, at, beat, daily, entry, every, now, planned, settle
from upkeep.operations.models import Run
from upkeep.operations.schedule import ScheduleEntry
from upkeep.worker import receipt
from upkeep.worker.beat import Scheduler
from upkeep.worker.schedules import synchronise

pytestmark = [COMMITTED, pytest.mark.usefixtures("own_entries")]

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
Change = Callable[[PeriodicTask], object]


def fired(kind: type[Scheduler] = Scheduler) -> int:
    """How often the entries have fired, once two Beats have done what is due."""
    for one in (beat(kind), beat(kind)):
        settle(one)
    return Run.objects.count()


def save(task: PeriodicTask, **columns: Any) -> None:
    """As the admin's form does."""
    for name, value in columns.items():
        setattr(task, name, value)
    task.save()


def update(task: PeriodicTask, **columns: Any) -> None:
    """As the admin's actions do, and scripts."""
    PeriodicTask.objects.filter(pk=task.pk).update(**columns)
    PeriodicTasks.update_changed()


def edit(row: Any, **columns: Any) -> None:
    """Change the schedule that entries use."""
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()


def hour_ago() -> dict[str, str]:
    moment = now() - HOUR
    return {"minute": str(moment.minute), "hour": str(moment.hour)}


# ---- moved


@pytest.mark.parametrize(
    "move",
    [
        lambda task: save(task, crontab=daily(now() - HOUR)),
        lambda task: update(task, crontab=daily(now() - HOUR)),
        lambda task: edit(task.crontab, **hour_ago()),
        lambda task: CrontabSchedule.objects.filter(pk=task.crontab_id).update(**hour_ago()),
        lambda task: save(task, crontab=None, interval=every(60)),
        lambda task: save(task, crontab=None, clocked=past(), one_off=True),
        lambda task: save(task, crontab=daily(now() - HOUR), start_time=now() - 2 * DAY),
    ],
)
@pytest.mark.parametrize("watched", [True, False])
def test_an_entry_moved_to_an_hour_that_has_passed_fires_nothing_at_once(move: Change, *, watched: bool) -> None:
    task = entry(crontab=daily(now() - 2 * HOUR), last_run_at=now() - 2 * HOUR)
    if watched:
        assert fired() == 0
    move(task)
    assert fired() == 0


def past() -> ClockedSchedule:
    return ClockedSchedule.objects.create(clocked_time=now() - HOUR)


def test_it_fires_at_its_new_time_the_next_day() -> None:
    task = entry(crontab=daily(now() - 2 * HOUR), last_run_at=now() - 2 * HOUR)
    save(task, crontab=daily(now() - HOUR))
    assert fired(at(now() + 23 * HOUR - 2 * MINUTE)) == 0
    assert fired(at(now() + 23 * HOUR + MINUTE)) == 1


def test_it_fires_at_its_new_time_on_the_same_day() -> None:
    task = entry(crontab=daily(now() - 2 * HOUR), last_run_at=now() - 2 * HOUR)
    save(task, crontab=daily(now() + 2 * HOUR))
    assert fired(at(now() + HOUR)) == 0
    assert fired(at(now() + 2 * HOUR)) == 1


def test_a_shorter_interval_counts_from_the_change() -> None:
    task = entry(interval=every(24 * 3600), ago=5 * HOUR)
    save(task, interval=every(3600))
    one = beat()
    settle(one)
    assert timedelta(minutes=59) < planned(one) <= HOUR
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda task: save(task, kwargs='{"limit": 5}'),
        lambda task: save(task, description="x", name="Renamed", queue="default"),
        lambda task: edit(task.crontab),
        lambda task: save(task, enabled=True),
        lambda _task: synchronise([ScheduleEntry("Another", "testing.add_one", "0 0 1 1 *")]),
    ],
)
def test_a_missed_entry_fires_though_something_else_was_changed_since(change: Change) -> None:
    change(entry(crontab=daily(now() - HOUR), last_run_at=now() - DAY))
    assert fired() == 1


def test_another_language_is_no_change() -> None:
    task = entry(interval=every(3600), ago=2 * HOUR)
    with translation.override("de"):
        save(task, description="x")
    assert fired() == 1


def test_a_time_zone_of_the_settings_that_is_changed_fires_nothing_at_once(settings: Any) -> None:
    moment = now() - 30 * MINUTE
    nightly = ScheduleEntry("Nightly", "testing.add_one", f"{moment.minute} {moment.hour} * * *")
    settings.TIME_ZONE = "Pacific/Honolulu"  # where that is to come
    synchronise([nightly])
    PeriodicTask.objects.filter(name="Nightly").update(last_run_at=now() - 14 * HOUR)
    assert fired() == 0
    settings.TIME_ZONE = "UTC"
    synchronise([nightly])
    assert fired() == 0


# ---- enabled


def test_switching_off_and_on_by_saving_fires_nothing_at_once() -> None:
    task = entry()
    save(task, enabled=False)
    save(task, enabled=True)
    assert fired() == 0


# ---- a clock was wrong


@pytest.mark.parametrize("column", ["last_run_at", "date_changed"])
def test_a_last_run_in_the_future_counts_as_now_with_one_warning(column: str, caplog: pytest.LogCaptureFixture) -> None:
    task = entry(last_run_at=None)
    PeriodicTask.objects.filter(pk=task.pk).update(**{column: now() + 365 * DAY})
    one = beat()
    settle(one)
    assert timedelta(minutes=59) < planned(one) <= HOUR
    warned = f"'Hourly': its {column}, {now() + 365 * DAY:%Y-%m-%d}"
    assert caplog.text.count(warned) == 1
    assert "is in the future; it counts as now" in caplog.text
    assert fired(at(now() + HOUR + SECOND)) == 1
    assert caplog.text.count(warned) == 1


def test_the_clock_of_another_beat_that_is_a_little_ahead_is_not_corrected(caplog: pytest.LogCaptureFixture) -> None:
    moment = now() + 10 * SECOND
    task = entry(last_run_at=moment)
    assert fired() == 0
    task.refresh_from_db()
    assert (task.last_run_at, caplog.text) == (moment, "")


def test_a_beat_whose_clock_is_set_back_reads_the_schedule_again() -> None:
    moments = [now() + 365 * DAY]

    class Adjusted(Scheduler):
        def now(self) -> datetime:
            return moments[-1]

    entry()
    one = beat(Adjusted)
    settle(one)
    assert Run.objects.count() == 1
    moments.append(now())
    settle(one)
    assert timedelta(minutes=59) < planned(one) <= HOUR + MINUTE


# ---- a start time


def test_an_entry_with_a_start_time_fires_at_its_crontabs_hour() -> None:
    start = now() + DAY
    columns = {"crontab": daily(start + 2 * HOUR), "start_time": start, "last_run_at": None}
    entry(**columns)
    assert fired(at(start + MINUTE)) == 0
    assert fired(at(start + 2 * HOUR - 2 * MINUTE)) == 0
    assert fired(at(start + 2 * HOUR)) == 1


def test_a_start_time_at_the_crontabs_very_minute_is_the_first_firing() -> None:
    start = (now() + DAY).replace(second=0, microsecond=0)
    entry(crontab=daily(start), start_time=start, last_run_at=None)
    assert fired(at(start - SECOND)) == 0
    assert fired(at(start)) == 1


def test_an_entry_whose_start_time_has_passed_when_it_is_made_waits_for_its_hour() -> None:
    entry(crontab=daily(now() - HOUR), start_time=now() - 2 * DAY, last_run_at=None)
    assert fired() == 0


def test_an_interval_begins_at_its_start_time() -> None:
    start = now() + DAY
    entry(interval=every(7 * 24 * 3600), start_time=start)
    assert fired(at(start - SECOND)) == 0
    assert fired(at(start + SECOND)) == 1
    assert fired(at(start + DAY)) == 1


# ---- once


@pytest.mark.parametrize(
    "move",
    [
        lambda task: save(task, crontab=daily(now() + 2 * HOUR)),
        lambda task: save(task, crontab=daily(now() + 2 * HOUR), enabled=True),
        lambda task: update(task, crontab=daily(now() + 2 * HOUR)),
        lambda task: edit(task.crontab, **{**hour_ago(), "hour": str((now() + 2 * HOUR).hour)}),
        lambda task: save(task, crontab=None, interval=every(2 * 3600)),
        lambda task: save(task, crontab=None, clocked=soon()),
    ],
)
def test_a_one_off_entry_that_is_moved_after_it_fired_is_new(move: Change) -> None:
    task = entry(crontab=daily(now() - HOUR), one_off=True, last_run_at=now() - DAY)
    assert fired() == 1
    task.refresh_from_db()
    assert task.enabled is False
    move(task)
    assert fired() == 1
    assert fired(at(now() + 3 * HOUR)) == 2
    task.refresh_from_db()
    assert (task.enabled, task.total_run_count) == (False, 1)
    assert fired(at(now() + 3 * DAY)) == 2


def soon() -> ClockedSchedule:
    return ClockedSchedule.objects.create(clocked_time=now() + 2 * HOUR)


def test_a_clocked_entry_whose_time_is_edited_after_it_fired_fires_then() -> None:
    clocked = ClockedSchedule.objects.create(clocked_time=now() - HOUR)
    entry(clocked=clocked, one_off=True, last_run_at=None)
    assert fired() == 1
    edit(clocked, clocked_time=now() + HOUR)
    assert fired() == 1
    assert fired(at(now() + 2 * HOUR)) == 2


def test_a_one_off_entry_that_an_earlier_release_fired_and_did_not_disable_yet_is_new_once_it_is_moved() -> None:
    task = entry(crontab=daily(now() - HOUR), one_off=True, total_run_count=1, last_run_at=now() - DAY)
    assert fired() == 0
    task.refresh_from_db()
    assert task.enabled is False
    save(task, crontab=daily(now() + HOUR))
    assert fired(at(now() + HOUR)) == 1


def test_a_one_off_entry_that_ended_stays_so_when_others_with_its_crontab_are_moved() -> None:
    crontab = daily(now() - HOUR)
    entry("Once", crontab=crontab, one_off=True, last_run_at=now() - DAY)
    entry("Always", crontab=crontab, last_run_at=now())
    assert fired() == 1
    edit(crontab, minute="0")
    fired(at(now() + 3 * DAY))
    assert not PeriodicTask.objects.get(name="Once").enabled
    assert Run.objects.filter(origin="beat: Once").count() == 1


def test_a_one_off_entry_that_an_operator_switched_off_stays_off_when_it_is_moved() -> None:
    task = entry(crontab=daily(now() - HOUR), one_off=True, enabled=False, total_run_count=7)
    save(task, crontab=daily(now() + HOUR))
    assert fired(at(now() + 2 * HOUR)) == 0


def test_an_entry_that_has_run_often_runs_once_more_when_it_is_made_one_off() -> None:
    task = entry(crontab=daily(now() + HOUR), total_run_count=50, last_run_at=now() - 23 * HOUR)
    save(task, one_off=True)
    assert fired(at(now() + HOUR)) == 1
    assert fired(at(now() + 3 * DAY)) == 1


def test_an_entry_that_has_expired_is_disabled_and_does_not_fire() -> None:
    task = entry(expires=now() - SECOND)
    assert fired() == 0
    task.refresh_from_db()
    assert task.enabled is False


# ---- an operation that is not there


def test_an_entry_whose_operation_is_gone_leaves_a_failed_run(broker: str) -> None:
    entry("Old", task="testing.gone", kwargs='{"limit": 3}')
    assert fired() == 1
    run = Run.objects.get()
    assert (run.operation, run.status, run.origin) == ("testing.gone", "failed", "beat: Old")
    assert "there is no operation testing.gone: correct entry 'Old'" in run.error
    assert run.finished_at
    assert messages(broker) == []


def test_an_operation_of_which_there_were_runs_is_known_to_be_gone_whatever_its_name(broker: str) -> None:
    Run.objects.create(operation="elsewhere.task", status="succeeded")
    entry(task="elsewhere.task")
    fired()
    assert sorted(Run.objects.values_list("status", flat=True)) == ["failed", "succeeded"]
    assert messages(broker) == []


def unknown(name: str, run_id: str, headers: dict[str, Any]) -> None:
    """What a worker does with a message whose task it does not know."""

    class Message:
        pass

    message = Message()
    message.headers = headers  # type: ignore[attr-defined]
    signals.task_unknown.send(sender=app, message=message, name=name, id=run_id, exc=KeyError(name))


def test_a_worker_that_does_not_know_the_operation_of_an_entry_leaves_a_failed_run(broker: str) -> None:
    entry()
    assert fired() == 1
    [(headers, _)] = messages(broker)
    unknown(headers["task"], headers["id"], headers)
    run = Run.objects.get()
    assert (run.status, bool(run.finished_at)) == ("failed", True)
    assert run.error.startswith("the worker does not know testing.add_one: restart it")


def test_a_run_that_a_person_asked_for_stays_queued_for_a_worker_with_newer_code() -> None:
    run = Run.objects.create(operation="testing.add_one", queue="default", origin="command")
    unknown(run.operation, str(run.pk), receipt.signed(run))
    assert Run.objects.get().status == "queued"


def test_a_task_of_another_app_that_its_worker_does_not_know_leaves_a_failed_run_too() -> None:
    unknown("elsewhere.task", "no-uuid", receipt.fired_by("Misspelt", "no-uuid"))
    run = Run.objects.get()
    assert (run.operation, run.status, run.origin) == ("elsewhere.task", "failed", "beat: Misspelt")
    assert run.finished_at
