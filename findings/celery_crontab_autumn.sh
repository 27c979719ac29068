#!/usr/bin/env bash
# Celery 5.7.0: a `crontab` is silent in the hour that the clocks repeat in autumn.
#
# In a zone with daylight saving time, 02:00 to 03:00 comes twice on a night in October: the night has 25 hours. An entry
# that fires each hour, or every twenty minutes, is expected to fire all the time: its work (a download, a check) is as
# needed in the second 02:00 as in the first. Celery's crontab fires in the first of the two hours only, so that "every 20
# minutes" has a gap of 80 minutes and "hourly" one of two hours. Nothing is logged. An entry that fires once a day does so
# once in that night, as wanted.
#
# Seen, for Europe/Berlin on 2026-10-25, asked every five minutes as Beat does:
#   daily at 02:30: 02:30 CEST
#   hourly at :30: 00:30 CEST, 01:30 CEST, 02:30 CEST, 03:30 CET, 04:30 CET
#   every 20 minutes: 01:40 CEST, 02:00 CEST, 02:20 CEST, 02:40 CEST, 03:00 CET
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'celery==5.7.0' 'kombu==5.7.0' 'tzdata==2026.2'
cat >"$folder/program.py" <<'PROGRAM'
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from celery import Celery
from celery.schedules import crontab

berlin, utc = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
app = Celery()
app.conf.timezone = "Europe/Berlin"


def fired(name, first, last, **fields):
    """Print when the entry fires between two local times, asked every five minutes."""
    now = datetime(2026, 10, 24, 22, tzinfo=utc)
    schedule = crontab(app=app, nowfun=lambda: now.astimezone(berlin), **fields)
    last_run_at, times = now, []
    while now < datetime(2026, 10, 25, 4, tzinfo=utc):
        if schedule.is_due(last_run_at).is_due:
            last_run_at = now
            times.append(now.astimezone(berlin).strftime("%H:%M %Z"))
        now += timedelta(minutes=5)
    print(f"{name}:", ", ".join(time for time in times if first <= time[:5] <= last))


fired("daily at 02:30", "00:00", "05:00", minute=30, hour=2)
fired("hourly at :30", "00:00", "05:00", minute=30)
fired("every 20 minutes", "01:40", "03:00", minute="*/20")
PROGRAM
"$folder/venv/bin/python" "$folder/program.py" | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
daily at 02:30: 02:30 CEST
hourly at :30: 00:30 CEST, 01:30 CEST, 02:30 CEST, 03:30 CET, 04:30 CET
every 20 minutes: 01:40 CEST, 02:00 CEST, 02:20 CEST, 02:40 CEST, 03:00 CET
SEEN
