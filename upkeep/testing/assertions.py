"""What an operation promises, tried out: each function raises an AssertionError that says what differs."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction
from django.test import override_settings

from upkeep.operations.command import OperationCommand
from upkeep.operations.definition import Operation
from upkeep.operations.errors import OperationError
from upkeep.operations.files import InputFile
from upkeep.operations.models import RunChange
from upkeep.operations.outcome import Outcome
from upkeep.operations.params import Params
from upkeep.operations.states import Status
from upkeep.operations.terminal import arguments
from upkeep.testing import runs

P = TypeVar("P", bound=Params)
EFFECTS = ("created", "updated", "deleted")


def assert_resumable(
    operation: Operation[P], params: P, *, state: Callable[[], Any], batch_items: int = 1, kills: int = 5
) -> None:
    """However early the operation is killed, once resumed it has the same result as an undisturbed run.

    It is killed within its first commit, after it, within the second, after that, and so on.

    Args:
        operation: the operation.
        params: its params.
        state: returns what it works on, to be compared; called after each end.
        batch_items: items of a batch; few, so that there are several commits; see UPKEEP["BATCH_ITEMS"].
        kills: how many commits to try, from the first.
    """
    with override_settings(UPKEEP={**getattr(settings, "UPKEEP", {}), "BATCH_ITEMS": batch_items}):
        with _undone():
            outcome = runs.run(operation, params)
            undisturbed = state(), _figures(outcome)
        for number in range(1, kills + 1):
            for within in (True, False):
                with _undone():
                    run = runs.kill(operation, params, commits=number - within, within=within)
                    if run.status != Status.RUNNING:
                        return  # it has no more commits
                    place = f"of a run that was killed {'within' if within else 'after'} commit {number}"
                    outcome = runs.resume(run)
                    _compare(f"state {place}", undisturbed[0], state())
                    _compare(f"outcome {place}", undisturbed[1], _figures(outcome))


def assert_dry_run_matches(operation: Operation[P], params: P, *, state: Callable[[], Any]) -> None:
    """A dry run leaves `state` as it is, and reports exactly what the run then does: changes, fields and counts."""
    with _undone():
        before = state()
        shown = runs.run(operation, params, dry_run=True)
        _compare("state after the dry run", before, state())
        done = runs.run(operation, params)
        _compare("counts, beside those of the dry run,", dict(shown.counts), dict(done.counts))
        _compare("changes, beside those of the dry run,", _changes(shown), _changes(done))


def assert_idempotent(operation: Operation[P], params: P, *, state: Callable[[], Any]) -> None:
    """Run once more, the operation finds nothing to do, and leaves `state` as it is."""
    with _undone():
        runs.run(operation, params)
        before = state()
        again = runs.run(operation, params)
        effects = {name: again.counts[name] for name in EFFECTS}
        _compare("effects of the second run", dict.fromkeys(EFFECTS, 0), effects)
        _compare("state after the second run", before, state())


def assert_examples_valid(operation: Operation[Any]) -> None:
    """Its command understands each of its examples, and takes their values. Files that they name need not be there."""
    command = type("Command", (OperationCommand,), {"operation": operation})()
    for line, _ in operation.examples:
        parser = command.create_parser("manage.py", operation.short_name)
        parser.called_from_command_line = False  # it raises, and does not exit
        try:
            options = vars(parser.parse_args(shlex.split(line)))
            arguments.parsed(operation.params_type, options, read=lambda path: InputFile(name=path, sha256=""))
        except (CommandError, OperationError, ValueError) as error:
            raise AssertionError(f"example {line!r} of {operation.name}: {error}") from None


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _figures(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": str(outcome.status),
        "counts": dict(outcome.counts),
        "reasons": {kind: dict(reasons) for kind, reasons in outcome.reasons.items()},
        "changes": _changes(outcome),
    }


def _changes(outcome: Outcome) -> Counter[str]:
    rows = RunChange.objects.filter(run=outcome.run)
    return Counter(f"{row.action} {row.label}: {row.fields} {row.reason}".rstrip() for row in rows)


def _compare(what: str, expected: Any, found: Any) -> None:
    if expected != found:
        raise AssertionError(f"{what} is {found!r}, not {expected!r}")
