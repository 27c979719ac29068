"""The default schedule, as code defines it, brought into django-celery-beat without undoing what an operator did.

Each field is merged by itself: one that still is as the last deployment wrote it becomes what code says now; one that
an operator changed stays.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from upkeep.operations import registry
from upkeep.operations.schedule import CRONTAB_FIELDS, ScheduleEntry, default_schedule
from upkeep.worker.models import SynchronisedEntry


def synchronise_after_migrate(**_kwargs: Any) -> None:
    """`post_migrate`: the tables of django-celery-beat are there by then."""
    synchronise(default_schedule())


@transaction.atomic
def synchronise(entries: Iterable[ScheduleEntry]) -> None:
    """Make Beat's schedule what `entries` say, but for what an operator changed, switched off or deleted.

    An entry that is in the schedule by an earlier call and is not among `entries` any more is disabled.
    """
    known = {entry.name: entry for entry in SynchronisedEntry.objects.select_for_update()}
    names = {*known, *(entry.name for entry in entries)}
    # Locked, since a whole row is saved: what Beat fires in the meantime must not be undone.
    tasks = PeriodicTask.objects.select_for_update().in_bulk(names, field_name="name")
    for entry in entries:
        last, task = known.pop(entry.name, None), tasks.get(entry.name)
        definition = _definition(entry)
        if last is None and task is None:
            task = PeriodicTask(name=entry.name)
        if task is not None:
            _merge(task, last.definition if last else None, definition)
        SynchronisedEntry.objects.update_or_create(name=entry.name, defaults={"definition": definition})
    for name, gone in known.items():
        task = tasks.get(name)
        if task and task.enabled and gone.definition["enabled"]:  # else the operator switched it off, or we did before
            _merge(task, gone.definition, {**gone.definition, "enabled": False})
            gone.definition["enabled"] = False
            gone.save()


def _definition(entry: ScheduleEntry) -> dict[str, Any]:
    return {
        "task": registry.find(entry.operation).name,
        "crontab": " ".join(entry.crontab.split()),
        "timezone": settings.TIME_ZONE,
        "kwargs": json.dumps({**entry.params, **({"confirm": entry.confirm} if entry.confirm else {})}),
        "enabled": True,
    }


def _merge(task: PeriodicTask, last: dict[str, Any] | None, wanted: dict[str, Any]) -> None:
    present = _present(task) if task.pk else wanted
    fields = {
        name: value
        for name, value in wanted.items()
        if not task.pk or (last is not None and present[name] == last.get(name) and present[name] != value)
    }
    if not fields:
        return
    if fields.keys() & {"crontab", "timezone"}:
        when = {**present, **fields}
        fields["crontab"] = _crontab(when["crontab"], when["timezone"])
        fields.pop("timezone", None)
        fields.update(interval=None, solar=None, clocked=None)
    for name, value in fields.items():
        setattr(task, name, value)
    task.save()


def _present(task: PeriodicTask) -> dict[str, Any]:
    row = task.crontab
    crontab = row and " ".join(getattr(row, name) for name in CRONTAB_FIELDS)
    zone = row and str(row.timezone)
    return {"task": task.task, "crontab": crontab, "timezone": zone, "kwargs": task.kwargs, "enabled": task.enabled}


def _crontab(text: str, zone: str) -> CrontabSchedule:
    fields = {**dict(zip(CRONTAB_FIELDS, text.split(), strict=True)), "timezone": zone}
    # Not get_or_create: the admin lets the same crontab be there twice.
    return CrontabSchedule.objects.filter(**fields).first() or CrontabSchedule.objects.create(**fields)
