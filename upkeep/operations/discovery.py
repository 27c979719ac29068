"""Finds the operations of a project: each installed app's module or package `operations`, as Celery finds `tasks`."""

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from pkgutil import iter_modules

from django.apps import apps
from django.core.management import get_commands
from django.utils.module_loading import module_has_submodule

MODULE = "operations"
NOT_OPERATIONS = ("conftest", "management", "migrations", "tests")
"""Modules of a package that are not imported, beside those whose names begin with `test_`."""
HELP = {"-h", "--help"}
_roots: set[str] = set()
"""What was imported here."""
_put_off: list[str] = []
"""What of that is imported when the operations are first asked for."""


def discover() -> None:
    """Import the operations of all installed apps; each registers itself. What an import raises is the caller's."""
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, MODULE):
            import_modules(f"{config.name}.{MODULE}")


def import_modules(name: str) -> None:
    """Import a module; of a package, also the modules in it, at any depth.

    In a process that prints the help of one command, only when something asks for the operations.
    """
    _roots.add(name)
    if prints_help(sys.argv):
        _put_off.append(name)
    else:
        _import(name)


def import_put_off() -> None:
    """Import what was put off."""
    while _put_off:
        _import(_put_off.pop(0))


def prints_help(argv: Sequence[str]) -> bool:
    """Whether Django's command line only prints the help of a command that is found without the operations."""
    match argv[1:]:
        case ["help", name]:
            return name in get_commands()
        case [name, *words]:
            return not HELP.isdisjoint(takewhile(lambda word: word != "--", words)) and name in get_commands()
    return False


def folders_without_init() -> Iterator[str]:
    """Folders with Python files that are not packages, for lack of an `__init__.py`: their operations are not found."""
    for name in sorted(_roots):
        for path in getattr(import_module(name), "__path__", ()):
            root = Path(path)
            files = (file.relative_to(root) for file in root.rglob("*.py"))
            folders = {folder for file in files if not _is_test(file) for folder in file.parents}
            for folder in sorted(folders):
                if not (root / folder / "__init__.py").exists():
                    yield str(Path(*name.split("."), folder))


def _import(name: str) -> None:
    path = getattr(import_module(name), "__path__", ())
    for _, child, _ in iter_modules(path):
        if child not in NOT_OPERATIONS and not child.startswith("test_"):
            _import(f"{name}.{child}")


def _is_test(file: Path) -> bool:
    return any(part == "tests" or part.startswith(("test_", ".")) or part.endswith("__") for part in file.parts[:-1])
