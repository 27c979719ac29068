"""Beats as a test drives them by hand, and the entries that they fire."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django_celery_beat.models import IntervalSchedule, PeriodicTask

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
