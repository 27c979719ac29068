from django.apps import AppConfig


class TestedOperationsConfig(AppConfig):
    name = "tests.operations"
    label = "tested"

    def ready(self) -> None:
        from tests.operations import adopted, dvds  # noqa: F401, PLC0415 - register operations, once models are loaded
