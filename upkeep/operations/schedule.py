"""When an operation recurs, as code defines it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.module_loading import import_string

from upkeep.conf import conf


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
    """The word that an operation wants which destroys data."""


def default_schedule() -> tuple[ScheduleEntry, ...]:
    """The entries that `UPKEEP["SCHEDULE"]` names."""
    return tuple(import_string(path)) if (path := conf().SCHEDULE) else ()
