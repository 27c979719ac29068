from django.apps import AppConfig


class TrackingConfig(AppConfig):
    """Organizations, their projects, and the work on them."""

    name = "backend.tracking"
    label = "tracking"

    def ready(self) -> None:
        from backend.tracking import checks  # noqa: F401, PLC0415 - registers them, once models are loaded
