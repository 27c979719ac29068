"""Management commands of operations that have no module for theirs."""

import sys
from types import ModuleType

from django.apps import apps
from django.core.management import get_commands

from upkeep.operations import registry
from upkeep.operations.command import OperationCommand

_provided: set[str] = set()


def provide() -> None:
    """Let Django find a command for each operation that has none, in the app that declares it.

    Django imports the module of a command by its name, so there is one without a file. No command that is there already
    is replaced; a system check names those in the way.
    """
    commands = get_commands()
    for operation in registry.operations():
        name = operation.short_name
        if operation.has_own_command and name not in commands:
            config = apps.get_containing_app_config(operation.function.__module__)
            app = config.name if config else "upkeep.operations"
            module = ModuleType(f"{app}.management.commands.{name}", operation.summary)
            attributes = {"operation": operation, "__module__": module.__name__}
            vars(module)["Command"] = type("Command", (OperationCommand,), attributes)
            sys.modules[module.__name__] = module
            commands[name] = app
            _provided.add(name)


def is_provided(name: str) -> bool:
    """Whether the command of that name was made here."""
    return name in _provided
