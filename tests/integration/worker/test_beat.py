import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import connection, transaction
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, PeriodicTask, PeriodicTasks, SolarSchedule

from backend.config.celery import app
from tests.acceptance.polling import MAX_SECONDS, until
from tests.integration.messages import messages
from tests.integration.operations.factories import COMMITTED
from tests.integration.worker.beats import HOUR, beat, daily, entry, every, in_memory, now, place, planned, settle
from tests.operations import scripted  # noqa: F401 - declares `testing.keyed`
from upkeep.embedded.polling import attempts
from upkeep.operations.models import Run
from upkeep.operations.schedule import ScheduleEntry
from upkeep.worker import beat as module
from upkeep.worker.beat import OnceEntry, Scheduler
from upkeep.worker.schedules import synchronise

pytestmark = [COMMITTED, pytest.mark.usefixtures("own_entries")]

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


# ---- once, whoever fires


def test_a_due_entry_fires_once_though_two_beats_found_it_due() -> None:
    task, began = entry(kwargs='{"limit": 3}'), now()
    first, second = beat(), beat()
    settle(first)
    settle(second)
    run = Run.objects.get()
    assert (run.operation, run.params["limit"], run.origin) == ("testing.add_one", 3, "beat: Hourly")
    task.refresh_from_db()
    assert task.total_run_count == 1
    assert task.last_run_at >= began


def test_many_beats_at_once_fire_every_entry_once() -> None:
    names = {f"Entry {number:02}" for number in range(25)}
    for name in names:
        entry(name)
    start = threading.Barrier(4)

    def life() -> None:
        try:
            one = beat()
            start.wait(MAX_SECONDS)
            settle(one)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(life) for _ in range(4)]:
            done.result()
    assert sorted(Run.objects.values_list("origin", flat=True)) == sorted(f"beat: {name}" for name in names)


def test_a_beat_that_is_started_again_does_not_fire_again() -> None:
    entry()
    settle(beat())
    settle(beat())
    assert Run.objects.count() == 1


def test_a_beat_that_slept_waits_for_the_moment_that_another_one_made() -> None:
    task = entry()
    sleeper = beat()
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=now() - timedelta(minutes=50))
    settle(sleeper)
    assert not Run.objects.exists()
    assert timedelta(minutes=9) < planned(sleeper) < timedelta(minutes=11)


def test_a_stand_by_fires_the_next_one_when_it_is_due() -> None:
    entry(interval=every(1))
    dead, stand_by = beat(), beat()
    settle(dead)
    settle(stand_by)
    for _ in attempts(MAX_SECONDS):
        settle(stand_by)
        if Run.objects.count() == 2:
            break
    later, earlier = Run.objects.values_list("expires_at", flat=True)
    assert later
    assert earlier
    assert later - earlier > SECOND * 0.99  # as far apart as the moments when they were fired


def test_a_beat_whose_copy_is_old_fires_what_the_row_says_now() -> None:
    task = entry(kwargs='{"limit": 3}')
    stale = beat()
    PeriodicTask.objects.filter(pk=task.pk).update(kwargs='{"limit": 5}', date_changed=now())
    settle(stale)
    assert Run.objects.get().params["limit"] == 5


@pytest.mark.parametrize("gone", ["disabled", "deleted"])
def test_an_entry_that_is_gone_does_not_fire(gone: str) -> None:
    task = entry()
    stale = beat()
    row = PeriodicTask.objects.filter(pk=task.pk)
    if gone == "disabled":
        row.update(enabled=False)
    else:
        row.delete()
    settle(stale)
    assert not Run.objects.exists()


def test_an_entry_that_never_ran_fires_once() -> None:
    task = entry()
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=None, date_changed=now() - 2 * HOUR)
    first, second = beat(), beat()
    settle(first)
    settle(second)
    assert Run.objects.count() == 1


def test_firing_does_not_make_the_beats_read_everything_again() -> None:
    entry()
    one = beat()
    before, schedule = PeriodicTasks.last_change(), one.schedule
    settle(one)
    assert PeriodicTasks.last_change() == before
    assert one.schedule is schedule


def test_a_change_is_seen_though_the_clock_that_made_it_is_behind() -> None:
    entry()
    one = beat()
    schedule = one.schedule
    PeriodicTasks.objects.update(last_update=now() - HOUR)
    assert one.schedule is not schedule


def test_a_deployment_does_not_undo_a_firing() -> None:
    yearly = ScheduleEntry("Yearly", "testing.add_one", "0 0 1 1 *")
    synchronise([yearly])
    one = beat()
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            assert in_memory(one, "Yearly").claim(now())
            deployment = pool.submit(_deployed, ScheduleEntry("Yearly", "testing.add_one", "0 0 2 2 *"))
            until(_someone_waits)
        deployment.result()
    task = PeriodicTask.objects.get(name="Yearly")
    assert (task.total_run_count, bool(task.last_run_at), task.crontab.month_of_year) == (1, True, "2")


def _deployed(changed: ScheduleEntry) -> None:
    try:
        synchronise([changed])
    finally:
        connection.close()


def _someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


# ---- what goes wrong


@pytest.mark.parametrize("task", ["testing.add_one", "celery.backend_cleanup"])
def test_a_beat_that_freezes_while_it_fires_is_not_waited_for(
    task: str, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FREEZE_SECONDS", 1)
    row = entry(task=task)
    frozen, thawed = threading.Event(), threading.Event()

    class Freezing(Scheduler):
        def _send(self, entry: OnceEntry, moment: datetime) -> None:
            super()._send(entry, moment)
            frozen.set()
            assert thawed.wait(MAX_SECONDS)

    def life() -> None:
        try:
            settle(beat(Freezing))
        finally:
            connection.close()

    other = beat()
    with ThreadPoolExecutor() as pool:
        freezing = pool.submit(life)
        assert frozen.wait(MAX_SECONDS)
        settle(other)
        row.refresh_from_db()
        assert (row.total_run_count, len(messages(broker))) == (1, 1)
        thawed.set()
        freezing.result()
    row.refresh_from_db()
    assert (row.total_run_count, len(messages(broker))) == (1, 0)
    assert Run.objects.count() == (task == "testing.add_one")


def test_a_row_that_a_stranger_holds_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "FREEZE_SECONDS", 1)
    held = entry("Held", ago=3 * HOUR)
    entry("Free")
    with psycopg.connect(**place(), dbname=connection.get_connection_params()["dbname"]) as stranger:
        stranger.execute("SELECT FROM django_celery_beat_periodictask WHERE id = %s FOR UPDATE", [held.pk])
        settle(beat())
    assert Run.objects.get().origin == "beat: Free"
    assert "'Held' did not fire, trying again: OperationalError: canceling statement due to lock timeout" in caplog.text


def test_an_unreachable_broker_leaves_the_run_queued(caplog: pytest.LogCaptureFixture) -> None:
    app.conf.update(broker_url="redis://:hidden-word@127.0.0.1:1/0")
    app._after_fork()
    entry()
    one = beat()
    settle(one)
    settle(one)
    run = Run.objects.get()
    assert (run.status, run.sent_at) == ("queued", None)
    assert "stays queued: the broker cannot be reached" in caplog.text
    assert "hidden-word" not in caplog.text
    assert "Traceback" not in caplog.text


def test_a_run_that_cannot_be_recorded_is_tried_again_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    task = entry("Bad", task="testing.keyed", kwargs='{"key": "broken"}', ago=3 * HOUR)
    entry("Good")
    one = beat()
    assert 0 < settle(one) <= 5
    [line] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.startswith("'Bad' did not fire, trying again: LookupError: no such key")
    assert Run.objects.get().origin == "beat: Good"
    assert 4 * SECOND < planned(one, "Bad") < 6 * SECOND
    task.refresh_from_db()
    assert task.total_run_count == 0
    PeriodicTask.objects.filter(pk=task.pk).update(kwargs='{"key": "k"}', date_changed=now())
    one._initial_read = True
    settle(one)
    assert Run.objects.count() == 2


def test_a_lost_database_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    entry()
    one = beat()
    name = connection.get_connection_params()["dbname"]
    connection.close()
    with psycopg.connect(**place(), dbname="postgres", autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            assert settle(one) == one.max_interval
        finally:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert "the schedule cannot be read, trying again" in caplog.text
    assert "Traceback" not in caplog.text
    settle(one)
    assert Run.objects.count() == 1


def test_a_change_that_could_not_be_read_is_read_later() -> None:
    one = beat()
    entry()
    connection.cursor().execute("ALTER TABLE django_celery_beat_periodictask RENAME TO away")
    try:
        assert settle(one) == one.max_interval
    finally:
        connection.cursor().execute("ALTER TABLE away RENAME TO django_celery_beat_periodictask")
    settle(one)
    assert Run.objects.count() == 1


def test_a_connection_that_broke_is_replaced() -> None:
    entry()
    one = beat()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    with psycopg.connect(**place(), dbname="postgres", autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(%s)", [pid])
    settle(one)
    assert Run.objects.count() == 1


def test_an_entry_that_cannot_be_read_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    berlin = SolarSchedule.objects.create(event="sunrise", latitude="52.5", longitude="13.4")  # wants ephem
    entry("Sunrise", solar=berlin)
    bad = CrontabSchedule.objects.create(minute="1,")
    entry("Bad crontab", crontab=bad)
    entry()
    settle(beat())
    assert Run.objects.get().origin == "beat: Hourly"
    assert "'Sunrise' is left out of the schedule: You need to install the ephem library" in caplog.text
    assert "'Bad crontab' is left out of the schedule: empty part" in caplog.text


# ---- entries of all kinds


def test_a_task_that_is_not_ours_is_sent_once(broker: str) -> None:
    entry(task="celery.backend_cleanup")
    entry("Of another app", task="elsewhere.task", args='["x"]')
    first, second = beat(), beat()
    settle(first)
    settle(second)
    sent = messages(broker)
    assert sorted((headers["task"], body[0]) for headers, body in sent) == [
        ("celery.backend_cleanup", []),
        ("elsewhere.task", ["x"]),
    ]
    assert all(headers["periodic_task_name"] and headers["expires"] for headers, _ in sent)


def test_a_one_off_entry_fires_once_and_is_disabled() -> None:
    task = entry(one_off=True)
    first, second = beat(), beat()
    for one in (first, second, beat(), beat()):
        settle(one)
    assert Run.objects.count() == 1
    task.refresh_from_db()
    assert task.enabled is False


def test_a_clocked_entry_fires_once_also_when_its_time_was_missed(broker: str) -> None:
    past = ClockedSchedule.objects.create(clocked_time=now() - DAY)
    future = ClockedSchedule.objects.create(clocked_time=now() + DAY)
    entry("Missed", clocked=past, one_off=True, last_run_at=None)
    entry("To come", clocked=future, one_off=True, last_run_at=None)
    for one in (beat(), beat()):
        settle(one)
    assert Run.objects.get().origin == "beat: Missed"
    [(headers, _)] = messages(broker)
    assert headers["expires"] is None


def test_an_entry_waits_for_its_start_time() -> None:
    entry("Begun", start_time=now() - SECOND, last_run_at=None)
    entry("Not yet", start_time=now() + HOUR)
    for one in (beat(), beat()):
        settle(one)
    assert Run.objects.get().origin == "beat: Begun"


# ---- missed while everything was down


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles"])
@pytest.mark.parametrize("hours_ago", [5, 9, 17])
def test_a_daily_entry_that_was_missed_for_days_fires_once_at_the_start(zone: str, hours_ago: int, broker: str) -> None:
    moment = (now() - hours_ago * HOUR).astimezone(ZoneInfo(zone))
    crontab = CrontabSchedule.objects.create(minute=str(moment.minute), hour=str(moment.hour), timezone=zone)
    entry("Daily", crontab=crontab, ago=4 * DAY)
    for one in (beat(), beat(), beat()):
        settle(one)
    assert Run.objects.count() == 1
    [(headers, _)] = messages(broker)
    next_due = moment.replace(second=0, microsecond=0, tzinfo=None) + DAY
    told = datetime.fromisoformat(headers["expires"])
    assert abs(next_due.replace(tzinfo=ZoneInfo(zone)) - SECOND - told) < SECOND / 10


def test_an_interval_that_was_missed_often_fires_once() -> None:
    entry(ago=100 * HOUR)
    one = beat()
    settle(one)
    settle(beat())
    assert Run.objects.count() == 1
    assert planned(one) > timedelta(minutes=59)


@pytest.mark.parametrize(("minutes_ago", "fires"), [(30, 1), (90, 0)])
def test_with_a_starting_deadline_what_was_missed_longer_ago_waits_for_the_next_time(
    minutes_ago: int, fires: int
) -> None:
    app.conf.update(beat_cron_starting_deadline=3600)
    entry("Daily", crontab=daily(now() - timedelta(minutes=minutes_ago)), ago=4 * DAY)
    one = beat()
    settle(one)
    assert Run.objects.count() == fires
    assert 22 * HOUR < planned(one, "Daily") < 24 * HOUR


# ---- expiry


@pytest.mark.parametrize(
    ("columns", "after"),
    [
        ({}, HOUR - SECOND),
        ({"interval": 1}, SECOND * 0.9),
        ({"interval": 10}, SECOND * 9),
        ({"expire_seconds": 7200}, 2 * HOUR),
        ({"expires": timedelta(minutes=30)}, timedelta(minutes=30)),
        ({"expires": 10 * HOUR}, HOUR - SECOND),
        ({"one_off": True}, None),
    ],
)
def test_a_message_expires_just_before_the_next_is_due(
    columns: dict[str, Any], after: timedelta | None, broker: str
) -> None:
    if "interval" in columns:
        columns = {"interval": every(columns["interval"])}
    start = now()
    if "expires" in columns:
        columns = {"expires": start + columns["expires"]}
    entry(**columns)
    one = beat()
    assert one.tick() == 0
    end = now()
    [(headers, _)] = messages(broker)
    if after is None:
        assert headers["expires"] is None
    else:
        assert start <= datetime.fromisoformat(headers["expires"]) - after <= end
