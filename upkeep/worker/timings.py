"""Since when each entry of Beat's schedule has its time. An entry that is moved or enabled counts from then.

The admin and others write the tables of django-celery-beat in many ways, which tell no more than what holds now. So
that is compared with what was seen last, after every save and whenever a Beat reads the schedule.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.forms.models import model_to_dict
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)

from upkeep.worker.models import EntryTiming

SCHEDULES = {
    "interval": IntervalSchedule,
    "crontab": CrontabSchedule,
    "solar": SolarSchedule,
    "clocked": ClockedSchedule,
}


def notice(at: datetime) -> Mapping[int, EntryTiming]:
    """See what was moved, enabled or disabled since the last time; let it count from `at`.

    A one-off entry that has run is new, and enabled, once it is moved.
    """
    known = EntryTiming.objects.in_bulk()  # before the entries: what is changed in between is then seen again
    entries = list(PeriodicTask.objects.select_related(*SCHEDULES))
    seen = {entry.pk: timing_of(entry) for entry in entries}
    users = Counter(timing["schedule"] for timing in seen.values())
    with transaction.atomic():
        EntryTiming.objects.bulk_create(_first_sight(entries, known, seen), ignore_conflicts=True)
        for entry in entries:
            last = known.get(entry.pk)
            if last and (last.timing, last.enabled) != (seen[entry.pk], entry.enabled):
                shared = users[seen[entry.pk]["schedule"]] > 1
                _follow(entry, last, seen[entry.pk], at, shared=shared)
        EntryTiming.objects.filter(pk__in=known.keys() - seen.keys()).delete()
    return EntryTiming.objects.in_bulk()


def timing_of(entry: PeriodicTask) -> dict[str, Any]:
    """What decides when an entry is due, as JSON."""
    kind = next((name for name in SCHEDULES if getattr(entry, f"{name}_id")), "")
    row = getattr(entry, kind) if kind else None
    return {
        "schedule": f"{kind} {row.pk}" if row else "",
        "time": [str(value) for value in model_to_dict(row).values()] if row else [],  # not str(row): it is translated
        "start": entry.start_time.timestamp() if entry.start_time else None,
    }


def end(entry_id: int) -> None:
    """Note that a one-off entry has run and is disabled for that."""
    EntryTiming.objects.filter(pk=entry_id).update(enabled=False, ended=True)


def _first_sight(
    entries: Iterable[PeriodicTask], known: Mapping[int, EntryTiming], seen: Mapping[int, dict[str, Any]]
) -> list[EntryTiming]:
    return [
        EntryTiming(
            entry=entry.pk,
            timing=seen[entry.pk],
            enabled=entry.enabled,
            ended=entry.enabled and entry.one_off and entry.total_run_count > 0,
        )
        for entry in entries
        if entry.pk not in known
    ]


def _follow(entry: PeriodicTask, last: EntryTiming, timing: dict[str, Any], at: datetime, *, shared: bool) -> None:
    """Take over what is changed at an entry, unless another process has by now."""
    moved, enabled = timing != last.timing, entry.enabled and not last.enabled
    # An entry that ended long ago does not begin anew because others, with which it shares a schedule, are moved.
    own = moved and not (shared and {**timing, "time": 0} == {**last.timing, "time": 0})
    anew = last.ended and (own or enabled)
    if anew:
        PeriodicTask.objects.filter(pk=entry.pk).update(enabled=True, total_run_count=0, last_run_at=None)
        PeriodicTasks.update_changed()
    EntryTiming.objects.filter(pk=last.pk, timing=last.timing, enabled=last.enabled).update(
        timing=timing,
        enabled=entry.enabled or anew,
        since=at if moved or enabled else last.since,
        ended=last.ended and not anew,
    )


def _after_change(**_kwargs: Any) -> None:
    notice(timezone.now())


def connect() -> None:
    """Look after every save of an entry or a schedule by this process."""
    for model in (PeriodicTask, *SCHEDULES.values()):
        post_save.connect(_after_change, sender=model, dispatch_uid="upkeep.timings")
    post_delete.connect(_after_change, sender=PeriodicTask, dispatch_uid="upkeep.timings")
