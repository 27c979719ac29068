from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Views that business people build on, who may read them, and reports made of them."""

    name = "backend.reports"
    label = "reports"

    def ready(self) -> None:
        from backend.reports import checks, migrating  # noqa: F401, PLC0415 - registers them, once models are loaded

        migrating.connect(self)
