import sys

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "upkeep.operations"
    label = "upkeep_operations"
    default_auto_field = "django.db.models.BigAutoField"  # as in the migrations, whatever the project's default is
    verbose_name = "Upkeep: operations"

    def ready(self) -> None:
        from upkeep.operations import checks, discovery, version  # noqa: F401, PLC0415 - once models are loaded

        version.keep()
        discovery.discover()
        if not discovery.prints_help(sys.argv):
            from upkeep.operations import default_commands  # noqa: PLC0415 - imports all that runs operations

            default_commands.provide()
