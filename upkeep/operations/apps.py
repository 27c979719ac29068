from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "upkeep.operations"
    label = "upkeep_operations"
    verbose_name = "Upkeep: operations"

    def ready(self) -> None:
        from upkeep.operations import checks  # noqa: F401, PLC0415 - registers them, once models are loaded
