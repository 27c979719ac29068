"""Management commands of operations that have no module for theirs."""

import sys
from types import ModuleType
from typing import Any

from django.apps import apps
from django.core.management import get_commands

from upkeep.operations import registry
from upkeep.operations.definition import Operation


class CommandModule(ModuleType):
    """What Django imports to find the class of such a command."""

    def __init__(self, name: str, operation: Operation[Any]) -> None:
        super().__init__(name, operation.summary)
        self.operation = operation

    @property
    def Command(self) -> type:  # noqa: N802 - Django's name for it
        """The command's class, made when it is asked for: most processes need no command."""
        from upkeep.operations.command import OperationCommand  # noqa: PLC0415

        return type("Command", (OperationCommand,), {"operation": self.operation, "__module__": self.__name__})


def provide() -> None:
    """Let Django find a command for each operation that has none, in the app that declares it.

    No command that is there already is replaced; a system check names those in the way.
    """
    commands = get_commands()
    for operation in registry.operations():
        if operation.has_own_command and operation.short_name not in commands:
            config = apps.get_containing_app_config(operation.function.__module__)
            app = config.name if config else "upkeep.operations"
            module = CommandModule(f"{app}.management.commands.{operation.short_name}", operation)
            sys.modules[module.__name__] = module
            commands[operation.short_name] = app


def is_provided(name: str) -> bool:
    """Whether the command of that name was made here."""
    module = sys.modules.get(f"{get_commands().get(name)}.management.commands.{name}")
    return isinstance(module, CommandModule)
