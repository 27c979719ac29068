from django.apps import AppConfig


class TasksConfig(AppConfig):
    """The operations of this deployment: the app is one package of them, a folder a domain."""

    name = "tasks"

    def ready(self) -> None:
        from upkeep.operations.discovery import import_modules  # noqa: PLC0415 - once models are loaded

        import_modules(self.name)
