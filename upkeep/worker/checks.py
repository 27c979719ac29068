"""System checks of what only Celery can judge."""

from typing import Any

from celery.schedules import ParseException, crontab
from django.core.checks import CheckMessage, Error, register

from upkeep.operations.schedule import default_schedule
from upkeep.worker.schedules import CRONTAB_FIELDS


@register()
def check_crontabs(**_kwargs: Any) -> list[CheckMessage]:
    """Every entry's crontab parses."""
    problems: list[CheckMessage] = []
    for entry in default_schedule():
        try:
            crontab(**dict(zip(CRONTAB_FIELDS, entry.crontab.split(), strict=True)))
        except (ParseException, ValueError) as error:
            problems.append(
                Error(f"Schedule entry {entry.name!r}: {entry.crontab!r}: {error}", id="upkeep_worker.E001")
            )
    return problems
