import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands, load_command_class
from django.utils.module_loading import import_string

from upkeep.conf import conf
from upkeep.operations import registry
from upkeep.operations.command import OperationCommand

ROOT = Path(__file__).parents[2]
SHIMS = ROOT / "tasks" / "management" / "commands"
OPERATIONS = [found for found in registry.operations() if found.function.__module__.startswith("tasks.")]
DOTTED = [
    "REMOTE_REDIS_URL",
    "CELERY_RESULT_BACKEND",
    "WSGI_APPLICATION",
]


def imported(file: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_celery_is_imported_by_the_worker_and_its_configuration_alone() -> None:
    found = {
        str(file.relative_to(ROOT))
        for folder in ("upkeep", "backend", "tasks")
        for file in (ROOT / folder).rglob("*.py")
        if any(name.split(".")[0] in ("celery", "kombu") for name in imported(file))
    }
    assert found
    assert {path for path in found if not path.startswith("upkeep/worker/")} == {"backend/config/celery.py"}


@pytest.mark.parametrize("name", ["SCHEDULE"])
def test_every_dotted_path_of_the_library_s_settings_leads_somewhere(name: str) -> None:
    assert import_string(getattr(conf(), name)) is not None


@pytest.mark.parametrize("name", DOTTED)
def test_every_dotted_path_of_the_settings_leads_somewhere(name: str) -> None:
    assert import_string(getattr(settings, name)) is not None


def test_beat_finds_its_scheduler() -> None:
    module, _, name = settings.CELERY_BEAT_SCHEDULER.partition(":")
    assert getattr(import_module(module), name)


@pytest.mark.django_db
def test_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_operation_lives_in_a_module_of_its_name() -> None:
    assert OPERATIONS
    for operation in OPERATIONS:
        assert operation.function.__module__ == f"tasks.{operation.name}"
        assert operation.function.__name__ == operation.short_name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_has_its_command_and_its_command_is_that_of_the_operation(operation: object) -> None:
    name = getattr(operation, "short_name", "")
    command = load_command_class(get_commands()[name], name)
    assert isinstance(command, OperationCommand)
    assert command.operation is operation


def test_a_command_of_the_tasks_is_three_lines_and_belongs_to_an_operation() -> None:
    shims = sorted(path.stem for path in SHIMS.glob("*.py") if path.stem != "__init__")
    assert shims == sorted(operation.short_name for operation in OPERATIONS)
    for name in shims:
        lines = [line for line in (SHIMS / f"{name}.py").read_text(encoding="utf-8").splitlines() if line]
        assert len(lines) == 4
