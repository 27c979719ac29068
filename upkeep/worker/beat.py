"""`celery beat`, which may run several times on one database.

The row of an entry decides: who changes its `last_run_at` from the value by which the entry was found due has fired it,
in the transaction that records the run. So no Beat leads and none needs a lock, and each stands by for all the others.
"""

import heapq
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from celery.beat import event_t
from celery.schedules import BaseSchedule
from celery.utils.log import get_logger
from django.db import Error, close_old_connections, connection, transaction
from django.db.models import F
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from upkeep.operations.execution.failures import explanation
from upkeep.worker.task import OperationTask

logger = get_logger(__name__)  # Celery's, which `--loglevel` means

FREEZE_SECONDS = 10
"""A Beat that is frozen while it fires holds the entry's row. After so long PostgreSQL ends its transaction."""
MARGIN = timedelta(seconds=1)
"""So long before the next is due, a message expires; or after nine tenths of a short interval."""


def due_after(schedule: BaseSchedule, moment: datetime) -> datetime:
    """When a run is due that follows one at `moment`. Accurate to a few microseconds."""
    now: datetime = schedule.now().astimezone(UTC)  # a zone's own hours would be added across a change of its clocks
    due: datetime = now + schedule.remaining_estimate(moment)
    return due


class OnceEntry(ModelEntry):  # type: ignore[misc]  # django-celery-beat has no annotations
    """An entry as this Beat read it."""

    def __init__(self, model: PeriodicTask, app: Any = None) -> None:
        self._read = {"last_run_at": model.last_run_at, "date_changed": model.date_changed}
        super().__init__(model, app=app)  # lets `model` have been run when it was made, if it never was

    def claim(self, now: datetime) -> bool:
        """Fire it, within the caller's transaction; False when another Beat did, or somebody changed or disabled it.

        `now` is this machine's time, like that by which it was found due: by the clock of a database that is a second
        behind, it would have run before it was due, and so be due once more.
        """
        row = PeriodicTask.objects.filter(pk=self.model.pk, enabled=True, **self._read)
        claimed = bool(row.update(last_run_at=now, total_run_count=F("total_run_count") + 1))
        if claimed:
            transaction.on_commit(partial(self._ran, now))
        return claimed

    def _ran(self, now: datetime) -> None:
        self._read["last_run_at"] = self.model.last_run_at = self.last_run_at = now
        self.model.total_run_count += 1

    def options_at(self, now: datetime) -> dict[str, Any]:
        """The options of a message that is sent now."""
        headers = {**self.options["headers"], "celery_beat_task": True}
        return {**self.options, "headers": headers, "expires": self._expires(now)}

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

    def tick(self) -> float:
        """Fire at most one entry. Returns the seconds until there is something to do."""
        try:
            self._plan()
        except Error as error:
            logger.warning("the schedule cannot be read, trying again: %s", explanation(error))
            self._initial_read = True
            return float(self.max_interval)
        if not self._heap:
            return float(self.max_interval)
        when, priority, entry = self._heap[0]
        if (wait := when - self._when(entry, 0)) > 0:
            return float(min(wait, self.max_interval))
        again = self._attend(entry)
        heapq.heapreplace(self._heap, event_t(self._when(entry, again), priority, entry))
        return 0.0

    def _plan(self) -> None:
        """Order the entries by their time, whenever they were read anew."""
        close_old_connections()
        schedule = self.schedule
        if schedule is not self._planned:
            self.populate_heap()
            self._planned = schedule

    def _attend(self, entry: OnceEntry) -> float:
        """Fire the entry if it is due. Returns the seconds until it is to be looked at again."""
        before = entry.last_run_at
        try:
            due, seconds = self.is_due(entry)
            if due:
                self._fire(entry)
        except Exception as error:  # noqa: BLE001 - an entry that fails must not stop the others
            name = type(error).__name__  # of what the broker says no more is told: it may hold a password
            if entry.last_run_at == before:
                logger.error("%r did not fire, trying again: %s: %s", entry.name, name, explanation(error))  # noqa: TRY400
                return float(self.max_interval)
            logger.warning("%r fired, but its message was not sent: %s", entry.name, name)
        return float(seconds)

    def _fire(self, entry: OnceEntry) -> None:
        now = datetime.now(UTC)
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
        schedule = {}
        for model in PeriodicTask.objects.enabled():
            try:
                schedule[model.name] = OnceEntry(model, app=self.app)
            except Exception as error:  # noqa: BLE001 - a crontab that does not parse, a solar entry without ephem
                logger.error("%r is left out of the schedule: %s", model.name, explanation(error))  # noqa: TRY400
        return schedule

    def schedule_changed(self) -> bool:
        """Whether the entries were changed since this was last asked; by another clock than ours, perhaps."""
        last, self._last_timestamp = self._last_timestamp, self.Changes.last_change()
        return bool(last != self._last_timestamp)
