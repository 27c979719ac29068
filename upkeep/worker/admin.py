"""The admin of django-celery-beat, where that is installed, for the project's Celery app."""

from django.apps import apps

if apps.is_installed("django_celery_beat"):
    from upkeep.worker import schedule_admin

    schedule_admin.register()
