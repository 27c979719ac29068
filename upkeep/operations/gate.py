"""Operations that are done once in a database, before a release counts on what they do."""

from collections.abc import Iterator
from typing import Any

from upkeep.operations import registry
from upkeep.operations.definition import Operation
from upkeep.operations.models import CompletedOperation, Run


def completed(operation: Operation[Any]) -> CompletedOperation | None:
    """When it was done in this database; None: it was not, or does not say that once is enough."""
    if not operation.once:
        return None
    return CompletedOperation.objects.filter(operation__in=(operation.name, *operation.aliases)).first()


def complete(operation: Operation[Any], run: Run) -> None:
    """Note that this run has done it. The note outlives the run's row."""
    CompletedOperation.objects.get_or_create(operation=operation.name, defaults={"run": run.pk})


def pending() -> Iterator[Operation[Any]]:
    """Those that are still to be done in this database."""
    return (operation for operation in registry.operations() if operation.once and not completed(operation))
