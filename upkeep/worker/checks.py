"""System checks of what Celery and its workers must be like. Their ids, with what they mean: `docs/checks.md`."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from amqp.exceptions import AMQPError
from celery import Celery
from celery.schedules import ParseException, crontab
from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection
from kombu.exceptions import OperationalError

from upkeep.conf import conf
from upkeep.operations import registry
from upkeep.operations.checks import TAG
from upkeep.operations.schedule import CRONTAB_FIELDS, ScheduleEntry, default_schedule
from upkeep.worker import application

MAX_NAMES = 3
ANSWER_SECONDS = 1.0
"""How long workers have to say which queues they listen to."""


@register(TAG)
def check_celery_app(**_kwargs: Any) -> list[CheckMessage]:
    """There is a Celery app, it names its broker, and its queues are those of the operations."""
    if not _settings_are_valid():
        return []
    try:
        app = application.current()
    except ImportError as error:
        return [Error(f'UPKEEP["CELERY_APP"]: {error}.', hint=application.SETUP_HINT, id="upkeep_worker.E001")]
    except ImproperlyConfigured:
        return [Error("Upkeep has no Celery app.", hint=application.SETUP_HINT, id="upkeep_worker.E001")]
    return [*_check_broker(app), *_check_queues(app)]


@register(TAG)
def check_schedule(**_kwargs: Any) -> list[CheckMessage]:
    """Every entry's crontab parses, and django-celery-beat is there to hold the entries."""
    try:
        entries = default_schedule()
    except ImproperlyConfigured:  # which the core's check reports
        return []
    problems = [problem for entry in entries if (problem := _problem_of_crontab(entry))]
    if entries and not apps.is_installed("django_celery_beat"):
        problems.append(
            Error(
                'UPKEEP["SCHEDULE"] needs django_celery_beat, which is not in INSTALLED_APPS.',
                hint="Add 'django_celery_beat' to INSTALLED_APPS (pip install django-celery-beat), and migrate.",
                id="upkeep_worker.E003",
            )
        )
    return problems


@register(TAG, deploy=True)
def check_workers(**_kwargs: Any) -> list[CheckMessage]:
    """A worker listens to the queue of each operation. Asks them all, so only `check --deploy` does it."""
    try:
        app = application.current()
    except (ImproperlyConfigured, ImportError):  # which other checks report
        return []
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=ANSWER_SECONDS)
            answers = app.control.inspect(timeout=ANSWER_SECONDS, connection=connection).active_queues() or {}
    except (OperationalError, AMQPError, OSError) as error:
        address = Connection(app.conf.broker_write_url).as_uri()  # without asking the app, which could not reach it
        return [
            Warning(
                f"The broker {address} cannot be reached ({type(error).__name__}).",
                hint="Start it, or correct its address; until then runs stay queued.",
                id="upkeep_worker.W002",
            )
        ]
    heard = {queue["name"] for queues in answers.values() for queue in queues}
    return [
        Warning(
            f"No worker listens to queue {queue!r}, where runs of {names} wait.",
            hint=f"Start one that does: celery -A … worker -Q {queue}.",
            id="upkeep_worker.W003",
        )
        for queue, names in _operations_by_queue().items()
        if queue not in heard
    ]


def _settings_are_valid() -> bool:
    """Whether `UPKEEP` is; if not, the core's check reports it."""
    try:
        conf()
    except ImproperlyConfigured:
        return False
    return True


def _check_broker(app: Celery) -> Iterator[CheckMessage]:
    if not app.conf.broker_write_url:
        yield Warning(
            "The Celery app names no broker, so Celery uses amqp://guest@localhost:5672//.",
            hint="Set CELERY_BROKER_URL, for example to 'redis://localhost:6379/0'.",
            id="upkeep_worker.W001",
        )


def _check_queues(app: Celery) -> Iterator[CheckMessage]:
    """Without CELERY_TASK_QUEUES a worker takes the queues of all operations."""
    if app.conf.task_queues is None:
        return
    for queue, names in _operations_by_queue().items():
        if queue in app.amqp.queues:
            continue
        message = f"Queue {queue!r} of {names} is not in CELERY_TASK_QUEUES"
        if app.conf.task_create_missing_queues:
            hint = f"Add it there, or start a worker that listens to it: celery -A … worker -Q {queue}."
            yield Warning(
                f"{message}, so a worker without -Q does not listen to it.", hint=hint, id="upkeep_worker.W004"
            )
        else:
            hint = "Add it there, or turn CELERY_TASK_CREATE_MISSING_QUEUES on."
            yield Error(f"{message}, so Celery refuses to send its runs.", hint=hint, id="upkeep_worker.E002")


def _operations_by_queue() -> dict[str, str]:
    """The names of operations, by their queue."""
    found = defaultdict(list)
    for operation in registry.operations():
        found[operation.queue].append(operation.name)
    return {queue: _listed(names) for queue, names in sorted(found.items())}


def _listed(names: Sequence[str]) -> str:
    """At most a few of them, in one line."""
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def _problem_of_crontab(entry: ScheduleEntry) -> CheckMessage | None:
    fields = entry.crontab.split()
    try:
        if len(fields) != len(CRONTAB_FIELDS):
            raise ValueError(f"it has {len(fields)} of {len(CRONTAB_FIELDS)} fields")  # noqa: TRY301 - like Celery's own
        crontab(**dict(zip(CRONTAB_FIELDS, fields, strict=True)))
    except (ParseException, ValueError) as error:
        return Error(
            f"Schedule entry {entry.name!r}: the crontab {entry.crontab!r} is invalid: {str(error).rstrip('.')}.",
            hint="A crontab is `minute hour day-of-month month day-of-week`: '30 2 * * 1-5'.",
            id="upkeep_worker.E004",
        )
    return None
