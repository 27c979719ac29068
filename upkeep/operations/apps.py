from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "upkeep.operations"
    label = "operations"

    def ready(self) -> None:
        from upkeep.operations import checks  # noqa: F401, PLC0415 - registers them, once models are loaded
