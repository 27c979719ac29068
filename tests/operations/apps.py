from django.apps import AppConfig


class TestedOperationsConfig(AppConfig):
    name = "tests.operations"
    label = "tested"

    def ready(self) -> None:
        from tests.operations import dvds  # noqa: F401, PLC0415 - registers its operations, once models are loaded
