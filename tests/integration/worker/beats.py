"""Beats as a test drives them by hand, and the entries that they fire."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from backend.config.celery import app
from upkeep.worker.beat import OnceEntry, Scheduler

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def entry(name: str = "Hourly", *, ago: timedelta = 2 * HOUR, **columns: Any) -> PeriodicTask:
    """A stored entry that last ran so long ago; hourly, unless the columns say otherwise."""
    if not {"crontab", "clocked", "solar", "interval"} & columns.keys():
        columns["interval"] = every(3600)
    values = {"task": "testing.add_one", "last_run_at": now() - ago, **columns}
    return PeriodicTask.objects.create(name=name, **values)


def daily(moment: datetime, zone: str = "UTC") -> CrontabSchedule:
    """The crontab of every day at the minute of that moment, by the clock of the zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return CrontabSchedule.objects.create(minute=str(local.minute), hour=str(local.hour), timezone=zone)


def at(moment: datetime | str) -> type[Scheduler]:
    """A kind of Beat whose clock stands still at that moment."""
    stopped = datetime.fromisoformat(moment) if isinstance(moment, str) else moment

    class Stopped(Scheduler):
        def now(self) -> datetime:
            return stopped.astimezone(UTC)

    return Stopped


def every(seconds: int) -> IntervalSchedule:
    """The interval."""
    return IntervalSchedule.objects.get_or_create(every=seconds, period="seconds")[0]


def beat(kind: type[Scheduler] = Scheduler) -> Scheduler:
    """Another Beat, which has read the schedule."""
    scheduler = kind(app, lazy=True)
    scheduler._plan()
    scheduler._plan()  # at its second look it finds that it does not know when the schedule was changed
    return scheduler


def settle(scheduler: Scheduler) -> float:
    """Let it do all that is due now. Returns the seconds that it would sleep then."""
    for _ in range(1000):
        if seconds := scheduler.tick():
            return seconds
    raise AssertionError("a Beat does not come to rest")


def planned(scheduler: Scheduler, name: str = "Hourly") -> timedelta:
    """How long until it looks at the entry again."""
    [when] = [when for when, _, entry in scheduler._heap if entry.name == name]
    return timedelta(seconds=when - now().timestamp())


def in_memory(scheduler: Scheduler, name: str = "Hourly") -> OnceEntry:
    """The entry as that Beat knows it."""
    found: OnceEntry = scheduler._schedule[name]
    return found


def place() -> dict[str, Any]:
    """Where the database server is."""
    settings = connection.get_connection_params()
    return {key: settings[key] for key in ("host", "port", "user", "password") if settings.get(key)}
