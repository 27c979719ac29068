from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "upkeep.operations"
    label = "upkeep_operations"
    default_auto_field = "django.db.models.BigAutoField"  # as in the migrations, whatever the project's default is
    verbose_name = "Upkeep: operations"

    def ready(self) -> None:
        from upkeep.operations import (  # noqa: F401, PLC0415 - once models are loaded
            checks,
            default_commands,
            discovery,
            version,
        )

        version.keep()
        discovery.discover()
        default_commands.provide()
