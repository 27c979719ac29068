from django.apps import AppConfig


class TestingConfig(AppConfig):
    name = "tests.acceptance.testing"

    def ready(self) -> None:
        from tests.acceptance.testing import increment_rows  # noqa: F401, PLC0415 - registers itself
