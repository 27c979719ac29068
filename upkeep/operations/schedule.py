"""When an operation recurs, as code defines it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from upkeep.conf import conf

CRONTAB_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """One entry of Beat's default schedule. Operators may change or switch it off; a deployment does not undo that."""

    name: str
    """Identifies the entry across deployments."""
    operation: str
    crontab: str
    """`minute hour day-of-month month day-of-week`, in settings.TIME_ZONE."""
    params: Mapping[str, Any] = field(default_factory=dict)
    confirm: str = ""
    """The word that confirms an operation that destroys data."""


def default_schedule() -> tuple[ScheduleEntry, ...]:
    """The entries that `UPKEEP["SCHEDULE"]` names. Raises ImproperlyConfigured when it names something else."""
    if not (path := conf().SCHEDULE):
        return ()
    try:
        entries = tuple(import_string(path))
    except (ImportError, TypeError) as error:
        raise ImproperlyConfigured(f'UPKEEP["SCHEDULE"] is {path!r}: {error}') from error
    for entry in entries:
        if not isinstance(entry, ScheduleEntry):
            raise ImproperlyConfigured(f'UPKEEP["SCHEDULE"] is {path!r}, which holds {entry!r:.80}')
    return entries
