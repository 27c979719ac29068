"""When the entries of Beat's schedule fire next, and how each ended last."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django_celery_beat.clockedschedule import clocked
from django_celery_beat.models import PeriodicTask

from upkeep.operations.execution.failures import explanation
from upkeep.operations.models import Run
from upkeep.worker import application, receipt
from upkeep.worker.beat import OnceEntry, due_after
from upkeep.worker.models import EntryTiming
from upkeep.worker.timings import SCHEDULES

MAX_TIMES = 10_000
"""Of one entry: every minute of a week."""


class Plan(NamedTuple):
    """What an entry does."""

    entry: PeriodicTask
    times: list[datetime]
    """When it fires, in UTC; at once where it was missed."""
    last: Run | None
    problem: str = ""
    """Why it never fires, though it is enabled."""


def plans(now: datetime, until: datetime) -> Iterator[Plan]:
    """What every entry does between these moments, by name."""
    app, timings = application.current(), EntryTiming.objects.in_bulk()
    for row in PeriodicTask.objects.select_related(*SCHEDULES).order_by("name"):
        last = Run.objects.filter(operation=row.task, origin=f"{receipt.BEAT}: {row.name}"[:200]).first()
        timing = timings.get(row.pk) or EntryTiming()
        if timing.ended or not row.enabled:
            yield Plan(row, [], last)
            continue
        try:
            times = list(_times(OnceEntry(row, app=app, since=timing.since), now, until))
        except Exception as error:  # noqa: BLE001 - a crontab that does not parse or is never due, as Beat leaves it out
            yield Plan(row, [], last, explanation(error))
        else:
            yield Plan(row, times, last)


def _times(entry: OnceEntry, now: datetime, until: datetime) -> Iterator[datetime]:
    due, until = entry.due_at(), min(filter(None, (until, entry.model.expires)))
    moment = max(due, now) if due else until
    for _ in range(MAX_TIMES):
        if moment >= until:
            return
        yield moment
        if entry.model.one_off or isinstance(entry.schedule, clocked):
            return
        moment = max(due_after(entry.schedule, moment), moment + timedelta(seconds=1))
