import argparse
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from upkeep.operations.terminal.base import TolerantCommand
from upkeep.operations.terminal.escaping import plain, plain_json
from upkeep.operations.terminal.history import ID_DIGITS
from upkeep.operations.unusual import described

MAX_DAYS = 366


class Command(TolerantCommand):
    help = "Shows what Beat will fire, day by day in local time, with the last outcome of each entry of the schedule."

    def add_arguments(self, parser: CommandParser) -> None:
        help_text = f"How many days from now. Range: 1 to {MAX_DAYS}. Default: 7."
        parser.add_argument("--days", type=_days, default=7, metavar="N", help=help_text)
        parser.add_argument("--json", action="store_true", help="Print a JSON array of the entries.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not apps.is_installed("django_celery_beat"):
            raise CommandError(
                "this project has no schedule: django_celery_beat is not in INSTALLED_APPS", returncode=1
            )
        from upkeep.worker import agenda  # noqa: PLC0415 - imports that app's models

        now = timezone.now()
        plans = list(agenda.plans(now, now + timedelta(days=options["days"])))
        if options["json"]:
            self.stdout.write(plain_json([_as_json(plan) for plan in plans]))
            return
        for line in _lines(plans, now):
            self.stdout.write(plain(line))


def _days(text: str) -> int:
    if re.fullmatch("[0-9]{1,3}", text) and 1 <= int(text) <= MAX_DAYS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {MAX_DAYS}")


def _lines(plans: Iterable[Any], now: datetime) -> Iterator[str]:
    firings = [(day, times, plan) for plan in plans for day, times in _by_day(plan.times)]
    firings.sort(key=lambda firing: (firing[0], firing[1][0]))
    shown = [(day, _spelt(times, now), plan) for day, times, plan in firings]
    width = max((len(time) for _, time, _ in shown), default=0)
    longest = max((len(plan.entry.name) for _, _, plan in shown), default=0)
    for day, of_day in groupby(shown, key=lambda firing: firing[0]):
        yield f"{day:%A %Y-%m-%d} ({settings.TIME_ZONE})"
        for _, time, plan in of_day:
            yield f"  {time:<{width}}  {plan.entry.name:<{longest}}  {_outcome(plan)}"
    for plan in plans:
        if plan.problem:
            yield f"never: {plan.entry.name}: {plan.problem}"
        elif not plan.entry.enabled:
            yield f"disabled: {plan.entry.name}  {_outcome(plan)}"
    if not shown:
        yield "nothing is to be fired"


def _by_day(times: Iterable[datetime]) -> Iterator[tuple[date, list[datetime]]]:
    for day, of_day in groupby(map(timezone.localtime, times), key=lambda time: time.date()):
        yield day, list(of_day)


def _spelt(times: list[datetime], now: datetime) -> str:
    first = "now" if times[0] <= now else f"{times[0]:%H:%M}"
    return first if len(times) == 1 else f"{first} to {times[-1]:%H:%M}, {len(times):,} times"


def _outcome(plan: Any) -> str:
    if plan.last is None:
        return "never run"
    ended = plan.last.finished_at or plan.last.created_at
    marked = f", {described(plan.last.unusual)}" if plan.last.unusual else ""
    last = f"{plan.last.status} {timezone.localtime(ended):%Y-%m-%d %H:%M}"
    return f"last {last}, run {str(plan.last.pk)[:ID_DIGITS]}{marked}"


def _as_json(plan: Any) -> dict[str, Any]:
    last = plan.last
    return {
        "entry": plan.entry.name,
        "operation": plan.entry.task,
        "enabled": plan.entry.enabled,
        "problem": plan.problem,
        "times": [time.isoformat() for time in plan.times],
        "last": last
        and {
            "run": str(last.pk),
            "status": last.status,
            "finished_at": last.finished_at.isoformat() if last.finished_at else None,
            "unusual": last.unusual,
        },
    }
