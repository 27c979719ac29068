"""System checks: a broken declaration fails at start, not at night."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.management import get_commands

from upkeep.operations import registry
from upkeep.operations.errors import OperationError
from upkeep.operations.schedule import default_schedule


@register()
def check_shims(**_kwargs: Any) -> list[CheckMessage]:
    """Every operation has its management command."""
    commands = get_commands()
    return [
        Error(
            f"Operation {operation.name} has no management command.",
            hint=f"Add tasks/management/commands/{operation.short_name}.py with `operation = {operation.short_name}`.",
            id="upkeep_operations.E001",
        )
        for operation in registry.operations()
        if operation.short_name not in commands
    ]


@register()
def check_schedule(**_kwargs: Any) -> list[CheckMessage]:
    """Every entry of the default schedule names an operation, fits its params, confirms it, and has its own name."""
    entries = default_schedule()
    problems: list[CheckMessage] = []
    for entry in entries:
        try:
            operation = registry.find(entry.operation)
            operation.check_confirmed(operation.parse(entry.params), confirm=entry.confirm)
        except OperationError as error:
            problems.append(Error(f"Schedule entry {entry.name!r}: {error}", id="upkeep_operations.E002"))
    if len({entry.name for entry in entries}) < len(entries):
        problems.append(Error("Two schedule entries have the same name.", id="upkeep_operations.E003"))
    return problems
