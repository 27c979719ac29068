"""The project's Celery app: how it comes to carry out operations, and how the others of this package find it."""

import logging
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import django
from celery import Celery, _state
from celery.app.defaults import DEFAULTS
from celery.local import Proxy
from celery.signals import after_setup_logger, after_setup_task_logger, beat_init, celeryd_after_setup, celeryd_init
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from upkeep.conf import conf

REDIS = ("redis", "rediss", "redis+socket", "sentinel", "unix", "socket")
"""Schemes of broker addresses whose keys can have a prefix."""
SETUP_HINT = (
    "Call upkeep.worker.setup(app) where the project makes its Celery app, and import that module in the package of "
    'the settings, or name the app in UPKEEP["CELERY_APP"].'
)
_app: Celery | None = None


def attach(app: Celery) -> None:
    """See `upkeep.worker.setup`. Django need not be set up yet: what needs it is done later."""
    global _app  # noqa: PLW0603 - a process has one app
    _app = app
    app.prepare_config = partial(_own_settings, app, app.prepare_config)
    app.set_default()  # else threads that did not import it, as those of a web server, have an app without a broker
    app.on_after_configure.connect(_prefix)
    app.on_after_configure.connect(_choose_scheduler)
    app.on_after_configure.connect(_choose_consumer)
    app.on_after_finalize.connect(_register)
    after_setup_logger.connect(_escape, dispatch_uid="upkeep.escape")
    after_setup_task_logger.connect(_escape, dispatch_uid="upkeep.escape")
    celeryd_init.connect(_check, dispatch_uid="upkeep.check")
    beat_init.connect(_check, dispatch_uid="upkeep.check")
    celeryd_init.connect(_prepare_worker, dispatch_uid="upkeep.prepare_worker")
    celeryd_after_setup.connect(_take_queues, dispatch_uid="upkeep.take_queues")


def current() -> Celery:
    """The app that `setup` was called with, imported from UPKEEP["CELERY_APP"] if it was not before.

    Raises:
        ImproperlyConfigured: there is none.
    """
    if _app is None and (path := conf().CELERY_APP):
        import_string(path)
    if _app is None:
        raise ImproperlyConfigured(f"Upkeep has no Celery app. {SETUP_HINT}")
    return _app


def offer() -> None:
    """Make the project's app Celery's `current_app` in a process that has not imported it: imported once it is used."""
    try:
        path = conf().CELERY_APP
    except ImproperlyConfigured:  # which a check reports
        return
    if path and _state.default_app is None:
        _state.set_default_app(Proxy(current))


def _own_settings(app: Celery, prepare: Callable[[Any], Mapping[str, Any]], source: Any) -> Mapping[str, Any]:
    """Of the project's settings those that are Celery's: what it is given, its workers show to all who ask them.

    They get the names by which Celery knows an address from which it must take the password. TIME_ZONE is among them:
    Celery goes by it where it has no time zone of its own.
    """
    found = prepare(source)
    if not app.namespace:  # a module of Celery's own
        return found
    own, prefix = {}, f"{app.namespace}_"
    for name in found:
        if name.startswith(prefix) or name == "TIME_ZONE":
            known = name.removeprefix(prefix).lower()
            own[known if known in DEFAULTS else name] = found[name]
    return own


def _prefix(sender: Celery, source: Any, **_kwargs: Any) -> None:  # noqa: ARG001 - Celery passes the app itself, too
    """Keep the queues and events of this project's from those of others on the same Redis."""
    scheme = str(source.broker_url or "").partition("://")[0]
    if (prefix := conf().PREFIX) and scheme in REDIS:
        source.broker_transport_options = {"global_keyprefix": prefix, **(source.broker_transport_options or {})}


def _choose_scheduler(sender: Celery, source: Any, **_kwargs: Any) -> None:  # noqa: ARG001 - as above
    """Where django-celery-beat is installed, Beat fires its entries, unless the project names a scheduler."""
    if source.beat_scheduler == DEFAULTS["beat_scheduler"] and "django_celery_beat" in settings.INSTALLED_APPS:
        source.beat_scheduler = "upkeep.worker.beat:Scheduler"


def _choose_consumer(sender: Celery, source: Any, **_kwargs: Any) -> None:  # noqa: ARG001 - as above
    """The one that looks at messages first, unless the project names another."""
    if source.worker_consumer == DEFAULTS["worker_consumer"]:
        source.worker_consumer = "upkeep.worker.consumer:Consumer"


def _register(sender: Celery, **_kwargs: Any) -> None:
    if not apps.ready:
        django.setup()
    from upkeep.worker import task  # noqa: PLC0415 - wants Django to be set up

    task.register(sender)


def _escape(logger: logging.Logger, **_kwargs: Any) -> None:
    """A worker's log may hold texts of remote systems, and is read in terminals."""
    from upkeep.operations.terminal.escaping import PlainFormatter  # noqa: PLC0415 - only who logs needs it

    for handler in logger.handlers:
        if not isinstance(handler.formatter, PlainFormatter):
            handler.setFormatter(PlainFormatter(inner=handler.formatter))


def _check(**_kwargs: Any) -> None:
    """End the process when a check of Upkeep fails: Celery runs Django's checks, and leaves their errors unsaid."""
    from upkeep.operations import checks  # noqa: PLC0415 - wants Django to be set up

    skipped = os.environ.get("CELERY_SKIP_CHECKS")  # set by `celery --skip-checks`
    if not skipped and (errors := checks.errors()):
        raise SystemExit("\n".join(errors))  # any other exception in here Celery would only log


def _prepare_worker(**_kwargs: Any) -> None:
    """Before the worker puts its parts together; Django is set up by then."""
    from upkeep.worker import pool_watch, sweeper  # noqa: PLC0415 - wants Django to be set up

    current().steps["worker"].update([sweeper.Recovery, pool_watch.PoolWatch])


def _take_queues(instance: Any, **_kwargs: Any) -> None:
    """Let the worker take the queues of all operations, unless its queues were chosen: by `-Q`, or in the settings."""
    from upkeep.operations import registry  # noqa: PLC0415 - wants Django to be set up

    queues = instance.app.amqp.queues
    if instance.app.conf.task_queues is None and queues._consume_from is None:  # noqa: SLF001 - kept nowhere else
        for name in sorted({operation.queue for operation in registry.operations()}):
            queues.select_add(name)  # what is added without being selected is not consumed
