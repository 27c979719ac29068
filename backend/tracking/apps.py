from django.apps import AppConfig


class TrackingConfig(AppConfig):
    """Organizations, their projects, and the work on them."""

    name = "backend.tracking"
    label = "tracking"
