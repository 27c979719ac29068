"""Operations on Celery workers. A project calls `setup` where it makes its Celery app."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from celery import Celery


def setup(app: "Celery") -> None:
    """Let the project's Celery app send, carry out and recover operations.

    Every operation becomes a task of the app, results are read from the runs, and workers look for runs that were lost.
    Where django-celery-beat is installed, Beat fires its entries unless the project names a scheduler of its own.
    Call it in the module that makes the app; Django need not be set up there:

        app = Celery("shop")
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.autodiscover_tasks()
        setup(app)
    """
    from upkeep.worker.application import attach  # noqa: PLC0415 - Django imports this package, Celery or not

    attach(app)
