"""Finds the operations of a project: each installed app's module or package `operations`, as Celery finds `tasks`."""

from importlib import import_module
from pkgutil import iter_modules

from django.apps import apps
from django.utils.module_loading import module_has_submodule

MODULE = "operations"
NOT_OPERATIONS = ("conftest", "management", "migrations", "tests")
"""Modules of a package that are not imported, beside those whose names begin with `test_`."""


def discover() -> None:
    """Import the operations of all installed apps; each registers itself. What an import raises is the caller's."""
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, MODULE):
            import_modules(f"{config.name}.{MODULE}")


def import_modules(name: str) -> None:
    """Import a module; of a package, also the modules in it, at any depth."""
    path = getattr(import_module(name), "__path__", ())
    for _, child, _ in iter_modules(path):
        if child not in NOT_OPERATIONS and not child.startswith("test_"):
            import_modules(f"{name}.{child}")
