from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "backend.operations"
    label = "operations"

    def ready(self) -> None:
        from backend.operations import checks  # noqa: F401, PLC0415 - registers them, once models are loaded
