import pkgutil
from importlib import import_module

from django.apps import AppConfig

import tasks


class TasksConfig(AppConfig):
    name = "tasks"

    def ready(self) -> None:
        """Import every operation; each registers itself."""
        for module in pkgutil.walk_packages(tasks.__path__, "tasks."):
            if not module.name.startswith("tasks.management"):
                import_module(module.name)
