from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    """PostgreSQL and Redis out of pip wheels, for a machine that has neither."""

    name = "upkeep.embedded"
    label = "upkeep_embedded"

    def ready(self) -> None:
        from upkeep.embedded import checks  # noqa: F401, PLC0415 - registers them
