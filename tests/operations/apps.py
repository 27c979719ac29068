from django.apps import AppConfig


class TestedOperationsConfig(AppConfig):
    name = "tests.operations"
    label = "tested"

    def ready(self) -> None:
        from tests.operations import (  # noqa: F401, PLC0415 - register operations, once models are loaded
            adopted,
            dvds,
            increment_parts,
            increment_rows,
            kill_itself,
        )
