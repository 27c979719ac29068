"""`celery beat`, which may run several times on one database.

The row of an entry decides: who changes its `last_run_at` from the value by which the entry was found due has fired it,
in the transaction that records the run. So no Beat leads and none needs a lock, and each stands by for all the others.
"""

import heapq
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import Any
from uuid import uuid4

from celery.beat import event_t
from celery.schedules import BaseSchedule, schedule
from celery.utils.log import get_logger
from django.db import Error, ProgrammingError, close_old_connections, connection, transaction
from django.db.models import F
from django_celery_beat.clockedschedule import clocked
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from upkeep.operations.execution.failures import explanation
from upkeep.worker import receipt, timings
from upkeep.worker.crontab import Crontab
from upkeep.worker.models import EntryTiming
from upkeep.worker.task import OperationTask

logger = get_logger(__name__)  # Celery's, which `--loglevel` means

FREEZE_SECONDS = 10
"""A Beat that is frozen while it fires holds the entry's row. After this long PostgreSQL ends its transaction."""
MARGIN = timedelta(seconds=1)
"""This long before the next is due, a message expires; or after nine tenths of a short interval."""
MAX_SKEW = timedelta(minutes=1)
"""How far the clocks of two Beats may differ. What lies further in the future was written by a clock that was wrong."""
PRIORITY = 5
"""Of every entry in Celery's heap, as Celery has it."""


def due_after(schedule_: BaseSchedule, moment: datetime) -> datetime:
    """When a run is due that follows one at `moment`, in UTC; accurate to a few microseconds."""
    if isinstance(schedule_, Crontab):
        return schedule_.due_after(moment)
    if isinstance(schedule_, schedule):
        interval: timedelta = schedule_.run_every
        return moment.astimezone(UTC) + interval
    now: datetime = schedule_.now().astimezone(UTC)
    due: datetime = now + schedule_.remaining_estimate(moment)
    return due


class OnceEntry(ModelEntry):  # type: ignore[misc]  # django-celery-beat has no annotations
    """An entry as this Beat read it."""

    def __init__(self, model: PeriodicTask, app: Any = None, since: datetime | None = None) -> None:
        self._read = {"last_run_at": model.last_run_at, "date_changed": model.date_changed}
        self._since = since
        super().__init__(model, app=app)  # lets `model` have been run when it was made, if it never was
        if row := model.crontab:
            self.schedule = Crontab(
                minute=row.minute,
                hour=row.hour,
                day_of_week=row.day_of_week,
                day_of_month=row.day_of_month,
                month_of_year=row.month_of_year,
                tz=row.timezone,
                app=self.app,
            )

    def due_at(self) -> datetime | None:
        """When it is due next, maybe in the past; None when it never is again."""
        ran, start = self._read["last_run_at"], self.model.start_time
        reached = max(filter(None, (ran, self._since)), default=None)
        if not self.model.enabled:
            return None
        if isinstance(self.schedule, clocked):
            moment: datetime = self.schedule.clocked_time
            return None if reached and reached >= moment else max(filter(None, (moment, start)))
        if start and isinstance(self.schedule, Crontab):
            start -= timedelta(microseconds=1)  # due after that, and so at the start itself
        elif start and (reached is None or reached < start):
            return datetime.fromtimestamp(start.timestamp(), UTC)
        counts = max(filter(None, (ran or self.model.date_changed, self._since, start)))
        return due_after(self.schedule, counts)

    def claim(self, now: datetime) -> bool:
        """Fire it, within the caller's transaction; False when another Beat did, or somebody changed or disabled it.

        `now` is this machine's time, like that by which it was found due: by the clock of a database that is a second
        behind, it would have run before it was due, and so be due once more.
        """
        columns = {"last_run_at": now, "total_run_count": F("total_run_count") + 1}
        if self.model.one_off:
            columns["enabled"] = False
        claimed = bool(PeriodicTask.objects.filter(pk=self.model.pk, enabled=True, **self._read).update(**columns))
        if claimed:
            if self.model.one_off:
                timings.end(self.model.pk)
            transaction.on_commit(partial(self._ran, now))
        return claimed

    def disable(self) -> None:
        """Switch it off, as Beat alone does: this does not count as a change of its time."""
        with transaction.atomic():
            PeriodicTask.objects.filter(pk=self.model.pk).update(enabled=False)
            EntryTiming.objects.filter(pk=self.model.pk).update(enabled=False)
        self.model.enabled = False

    def _ran(self, now: datetime) -> None:
        self._read["last_run_at"] = self.model.last_run_at = self.last_run_at = now
        self.model.total_run_count += 1
        self.model.enabled = not self.model.one_off

    def options_at(self, now: datetime) -> dict[str, Any]:
        """The options of a message that is sent now."""
        task_id = str(uuid4())
        headers = {**self.options["headers"], **receipt.fired_by(self.name, task_id), "celery_beat_task": True}
        return {**self.options, "task_id": task_id, "headers": headers, "expires": self._expires(now)}

    def _expires(self, now: datetime) -> datetime | int | None:
        own: datetime | int | None = self.options.get("expires")
        if self.model.one_off or isinstance(own, int):
            return own
        next_due = due_after(self.schedule, now)
        expires: datetime = next_due - min(MARGIN, (next_due - now) / 10)
        return min(expires, own) if own else expires


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """Fires each entry once, however many Beats there are, and whenever one of them dies."""

    Entry = OnceEntry
    _last_timestamp: datetime | None = None
    _planned: object = None
    _is_set_up = True
    _missing = ""
    _looked_at = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        """The time, by this machine's clock; a subclass may have another one."""
        return datetime.now(UTC)

    def setup_schedule(self) -> None:
        """Put it off until the database is there and migrated."""
        self._is_set_up = False

    def tick(self) -> float:
        """Fire at most one entry. Returns the seconds until there is something to do."""
        try:
            self._plan()
        except Error as error:
            self._wait_for_database(error)
            return float(self.max_interval)
        self._missing = ""
        if not self._heap:
            return float(self.max_interval)
        when, priority, entry = self._heap[0]
        if (wait := when - self.now().timestamp()) > 0:
            return float(min(wait, self.max_interval))
        heapq.heapreplace(self._heap, event_t(self._attend(entry), priority, entry))
        return 0.0

    def _wait_for_database(self, error: Error) -> None:
        """Say once what is missing, and read everything again."""
        hint = " (has `manage.py migrate` been run?)" if isinstance(error, ProgrammingError) else ""
        if (missing := f"{explanation(error)}{hint}") != self._missing:
            logger.warning("the schedule cannot be read, trying again: %s", missing)
        self._missing = missing
        self._initial_read = True

    def populate_heap(self, *_args: Any) -> None:
        """Order the entries by the time when they are due."""
        self._heap = [event_t(self._due(entry), PRIORITY, entry) for entry in self._schedule.values()]
        heapq.heapify(self._heap)

    def _plan(self) -> None:
        """Order the entries by their time, whenever they were read anew."""
        close_old_connections()
        now = self.now()
        if now < self._looked_at - MAX_SKEW:
            self._initial_read = True  # somebody has set the clock back
        self._looked_at = now
        schedule_ = self.schedule
        if not self._is_set_up:
            super().setup_schedule()
            self._is_set_up = True
        if schedule_ is not self._planned:
            self.populate_heap()
            self._planned = schedule_

    def _due(self, entry: OnceEntry) -> float:
        """When the entry is due next, as a timestamp."""
        due = entry.due_at()
        now, deadline = self.now(), self.app.conf.beat_cron_starting_deadline
        if due and due < now and deadline is not None and isinstance(entry.schedule, Crontab):
            due = max(due, entry.schedule.due_after(now - timedelta(seconds=deadline, microseconds=1)))
        return due.timestamp() if due else inf

    def _attend(self, entry: OnceEntry) -> float:
        """Fire the entry if it is due. Returns when it is to be looked at again, as a timestamp."""
        now, before = self.now(), entry.last_run_at
        try:
            if entry.model.expires and entry.model.expires <= now:
                entry.disable()
            elif self._due(entry) <= now.timestamp():
                self._fire(entry, now)
        except Exception as error:  # noqa: BLE001 - an entry that fails must not stop the others
            name = type(error).__name__  # the rest of what the broker says is not shown: it may hold a password
            if entry.last_run_at == before:
                logger.error("%r did not fire, trying again: %s: %s", entry.name, name, explanation(error))  # noqa: TRY400
                return now.timestamp() + float(self.max_interval)
            logger.warning("%r fired, but its message was not sent: %s", entry.name, name)
        return self._due(entry)

    def _fire(self, entry: OnceEntry, now: datetime) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SET LOCAL idle_in_transaction_session_timeout = '{FREEZE_SECONDS}s'; "
                    f"SET LOCAL lock_timeout = '{2 * FREEZE_SECONDS}s'"
                )
            if not entry.claim(now):
                self._initial_read = True  # all of them: the other one may have fired more
                return
            self._send(entry, now)
        logger.info("%r fired (%s)", entry.name, entry.task)

    def _send(self, entry: OnceEntry, now: datetime) -> None:
        task = self.app.tasks.get(entry.task)
        if task is None and receipt.is_operations_name(entry.task):
            error = f"there is no operation {entry.task}: correct entry {entry.name!r}, or restart Beat if it is new"
            receipt.refuse(entry.task, error, origin=f"{receipt.BEAT}: {entry.name}")
            logger.error("%r leaves a failed run: %s", entry.name, error)
            return
        send = task.apply_async if task else partial(self.app.send_task, entry.task)
        send = partial(send, entry.args, entry.kwargs, **entry.options_at(now))
        if isinstance(task, OperationTask):
            send()  # records the run in this transaction
        else:
            transaction.on_commit(send)

    def all_as_schedule(self) -> dict[str, OnceEntry]:
        """Every enabled entry, also those that DatabaseScheduler leaves out while their hour is far.

        Left out, an entry that was missed while everything was down would not fire at once, but hours later.
        """
        found = {}
        known = timings.notice(self.now())
        for model in PeriodicTask.objects.enabled():
            try:
                timing = known.get(model.pk) or EntryTiming()
                self._correct(model, timing)
                entry = OnceEntry(model, app=self.app, since=timing.since)
            except Exception as error:  # noqa: BLE001 - a crontab that does not parse, a solar entry without ephem
                logger.error("%r is left out of the schedule: %s", model.name, explanation(error))  # noqa: TRY400
                continue
            if timing.ended:
                entry.disable()
            else:
                found[model.name] = entry
        return found

    def _correct(self, model: PeriodicTask, timing: EntryTiming) -> None:
        """Let what a wrong clock has put into the future count as now: its entry would not fire until then."""
        now = self.now()
        for row, field in ((model, "last_run_at"), (model, "date_changed"), (timing, "since")):
            moment = getattr(row, field)
            if moment and moment > now + MAX_SKEW:
                message = "%r: its %s, %s, is in the future; it counts as now. Was a clock wrong?"
                logger.warning(message, model.name, field, moment.isoformat(timespec="seconds"))
                type(row).objects.filter(pk=row.pk, **{field: moment}).update(**{field: now})
                setattr(row, field, now)

    def schedule_changed(self) -> bool:
        """Whether the entries were changed since this was last asked; by another clock than ours, perhaps."""
        last, self._last_timestamp = self._last_timestamp, self.Changes.last_change()
        return bool(last != self._last_timestamp)
