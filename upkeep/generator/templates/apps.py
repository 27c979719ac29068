from django.apps import AppConfig


class DomainConfig(AppConfig):
    name = "upkeep.generator.templates"
    label = "domain"
    default_auto_field = "django.db.models.BigAutoField"
