"""The core of Upkeep, a Django app, and the names that authors of operations import.

For example `from upkeep.operations import Params, RunContext, operation`. Each is imported when it is first asked for:
an app is imported before its models can be, and whoever asks for one name does not wait for all.
"""

from typing import TYPE_CHECKING

from upkeep.exports import lazily

if TYPE_CHECKING:
    from upkeep.operations.adoption.commands import adopt_command as adopt_command
    from upkeep.operations.command import OperationCommand as OperationCommand
    from upkeep.operations.context import RunContext as RunContext
    from upkeep.operations.declaration import operation as operation
    from upkeep.operations.definition import Operation as Operation
    from upkeep.operations.errors import OperationError as OperationError
    from upkeep.operations.execution.batches import Batch as Batch
    from upkeep.operations.execution.trials import Trial as Trial
    from upkeep.operations.files import InputFile as InputFile
    from upkeep.operations.files import OutputFile as OutputFile
    from upkeep.operations.limits import LimitExceededError as LimitExceededError
    from upkeep.operations.limits import Limits as Limits
    from upkeep.operations.limits import Percent as Percent
    from upkeep.operations.params import Params as Params
    from upkeep.operations.params import Positional as Positional
    from upkeep.operations.plans import Change as Change
    from upkeep.operations.schedule import ScheduleEntry as ScheduleEntry
    from upkeep.operations.steps import Step as Step

MODULES = {
    "Batch": "execution.batches",
    "Change": "plans",
    "InputFile": "files",
    "LimitExceededError": "limits",
    "Limits": "limits",
    "Operation": "definition",
    "OperationCommand": "command",
    "OperationError": "errors",
    "OutputFile": "files",
    "Params": "params",
    "Percent": "limits",
    "Positional": "params",
    "RunContext": "context",
    "ScheduleEntry": "schedule",
    "Step": "steps",
    "Trial": "execution.trials",
    "adopt_command": "adoption.commands",
    "operation": "declaration",
}
"""Where each public name is defined. No module here may have such a name: once imported, it would be found instead."""


__getattr__ = lazily(__name__, MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
