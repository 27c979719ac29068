from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class WorkerConfig(AppConfig):
    name = "upkeep.worker"
    label = "upkeep_worker"
    default_auto_field = "django.db.models.BigAutoField"  # as in the migrations, whatever the project's default is
    verbose_name = "Upkeep: worker"

    def ready(self) -> None:
        # Once models are loaded; two of them register themselves.
        from upkeep.operations import broker as core  # noqa: PLC0415
        from upkeep.worker import application, broker, checks, signals  # noqa: F401, PLC0415

        core.connect(broker)

        application.offer()
        if apps.is_installed("django_celery_beat"):
            from upkeep.worker import timings  # noqa: PLC0415 - imports that app's models, as the next does
            from upkeep.worker.schedules import synchronise_after_migrate  # noqa: PLC0415

            timings.connect()
            post_migrate.connect(synchronise_after_migrate, sender=self)
