"""Which operations cannot be carried out yet, since a setting is missing."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from upkeep.operations import registry
from upkeep.operations.definition import Operation
from upkeep.operations.errors import NotConfiguredError, OperationError
from upkeep.operations.models import Run
from upkeep.operations.schedule import default_schedule
from upkeep.operations.states import Status


def unconfigured() -> dict[str, list[str]]:
    """What is to be set, each with the names of the operations that lack it in this process.

    Not of operations whose last run did begin: then it is set where they are carried out, which may be elsewhere.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for operation in registry.operations():
        text = _lack(operation) if operation.configured else None
        if text and not _has_begun(operation):
            found[text].append(operation.name)
    return found


def _lack(operation: Operation[Any]) -> str | None:
    """Asked of its default params, and of those of its schedule."""
    for values in ({}, *_scheduled(operation)):
        try:
            operation.check_configured(operation.parse(values))
        except NotConfiguredError as error:
            return error.reason
        except OperationError:  # params that it must be given
            continue
    return None


def _scheduled(operation: Operation[Any]) -> Iterator[Mapping[str, Any]]:
    try:
        entries = default_schedule()
    except ImproperlyConfigured:  # which a check reports
        return
    names = (operation.name, operation.short_name, *operation.aliases)
    yield from (entry.params for entry in entries if entry.operation in names)


def _has_begun(operation: Operation[Any]) -> bool:
    runs = Run.objects.filter(operation__in=(operation.name, *operation.aliases), parent=None)
    last = runs.exclude(status=Status.QUEUED).order_by("-created_at").first()
    return last is not None and last.attempt > 0
