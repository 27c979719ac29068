from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class WorkerConfig(AppConfig):
    name = "upkeep.worker"
    label = "upkeep_worker"
    default_auto_field = "django.db.models.BigAutoField"  # as in the migrations, whatever the project's default is
    verbose_name = "Upkeep: worker"

    def ready(self) -> None:
        from upkeep.worker import checks, signals  # noqa: F401, PLC0415 - register themselves, once models are loaded

        if apps.is_installed("django_celery_beat"):
            from upkeep.worker.schedules import synchronise_after_migrate  # noqa: PLC0415 - it imports that app's models

            post_migrate.connect(synchronise_after_migrate, sender=self)
