from django.apps import AppConfig


class TestingConfig(AppConfig):
    name = "tests.acceptance.testing"

    def ready(self) -> None:
        from tests.acceptance.testing import (  # noqa: F401, PLC0415 - register themselves
            increment_parts,
            increment_rows,
            kill_itself,
        )
