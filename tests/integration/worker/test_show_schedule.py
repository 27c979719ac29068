"""`show_schedule`: what fires when."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.integration.worker.beats import HOUR, daily, entry, every, now
from upkeep.operations.models import Run
from upkeep.worker.management.commands import show_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_entries")]
DAY = timedelta(days=1)


def shown(*arguments: str) -> list[str]:
    out = StringIO()
    call_command(show_schedule.Command(), *arguments, stdout=out)
    return out.getvalue().splitlines()


def as_json() -> dict[str, Any]:
    return {found["entry"]: found for found in json.loads("".join(shown("--json")))}


def test_each_day_lists_what_fires_in_local_time_with_the_last_outcome() -> None:
    at = now() + 2 * HOUR
    entry("Nightly", crontab=daily(at), last_run_at=now() - HOUR)
    entry("Never again", enabled=False)
    run = Run.objects.create(
        operation="testing.add_one", origin="beat: Nightly", status="failed", finished_at=now() - DAY
    )
    lines = shown("--days", "2")
    local = timezone.localtime(at)
    [day, *_] = [number for number, line in enumerate(lines) if line.startswith(f"{local:%A %Y-%m-%d} (")]
    assert lines[day + 1].split()[:2] == [f"{local:%H:%M}", "Nightly"]
    assert f"last failed {timezone.localtime(run.finished_at):%Y-%m-%d %H:%M}, run {str(run.pk)[:8]}" in lines[day + 1]
    assert sum("Nightly" in line for line in lines) == 2
    assert any(line.startswith("disabled: Never again") for line in lines)


def test_times_of_a_day_are_one_line_and_what_was_missed_fires_now() -> None:
    entry("Hourly", interval=every(3600), ago=3 * HOUR)
    [_, line, *_] = shown("--days", "1")
    assert line.split()[0] == "now"
    times = as_json()["Hourly"]["times"]
    assert len(times) == 7 * 24
    assert times == sorted(set(times))


def test_an_entry_that_is_never_due_says_why() -> None:
    crontab = daily(now())
    crontab.day_of_month, crontab.month_of_year = "31", "4"
    crontab.save()
    entry("Never", crontab=crontab)
    assert as_json()["Never"]["times"] == []
    assert any(line.startswith("never: Never: ") for line in shown())


@pytest.mark.parametrize("days", ["0", "-1", "367", "many"])
def test_days_that_are_no_number_of_days_are_one_line(days: str) -> None:
    with pytest.raises(CommandError, match="from 1 to") as raised:
        shown(f"--days={days}")
    assert raised.value.returncode == 2
    assert "\n" not in str(raised.value)
