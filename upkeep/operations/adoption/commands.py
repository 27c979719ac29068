"""Any installed management command as an operation."""

import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from django.apps import apps
from django.core.management import CommandError, get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandParser

from upkeep.operations import registry
from upkeep.operations.adoption import flags, models
from upkeep.operations.adoption.flags import Flags, Problem
from upkeep.operations.context import RunContext
from upkeep.operations.declaration import register
from upkeep.operations.definition import About, Examples, Operation, Text
from upkeep.operations.errors import OperationError
from upkeep.operations.params import Params

CALL = "django.core.management.execute_from_command_line"


def adopt_command(  # noqa: PLR0913 - each keyword is one documented property of an operation
    command: str,
    *,
    name: str = "",
    summary: str = "",
    queue: str = "",
    exclusive: Text[Any] = None,
    confirm: Text[Any] = None,
    about: About[Any] = None,
    aliases: tuple[str, ...] = (),
    dry_run: str = "",
    exclude: Collection[str] = (),
    time_limit: float | None = None,
    repeatable: bool = False,
    read_only: bool = False,
    examples: Examples = (),
) -> Operation[Params]:
    """Make an installed management command an operation, which runs it in a process of its own.

    What it prints is the run's log, its own arguments are the params, and its parser validates them. A command that
    cannot be adopted is reported by a system check; it is imported no earlier than that, or than it runs.

    Args:
        command: its name, as `manage.py help` lists it.
        name: the operation's; else the command's, in the app that has it: `sessions.clearsessions`.
        summary: what it does, in a sentence.
        queue: of the broker.
        exclusive: the key that two running runs never share.
        confirm: the word that must be said before it runs; wanted of a command that asks before it does something.
        about: what a run is about, such as `organization:acme`.
        aliases: earlier names, which go on working.
        dry_run: the command's own flag for a dry run, `--dry-run`; without one, the operation has none.
        exclude: options of the command that no run can have, such as `--token`.
        time_limit: seconds after which it is ended, and its run fails.
        repeatable: whether it can run again from its start, when its worker was lost or its run is resumed. Else such
            a run fails, or is not resumed: nobody knows how far the command came.
        read_only: whether it changes nothing; it can then be repeated, too.
        examples: ways to use the operation, as `operation` takes them.
    """
    adopted = _Command(command, tuple(exclude), dry_run, bool(confirm))
    label, repeatable = f"manage.py {command}", repeatable or read_only

    def run_command(params: Params, run: RunContext) -> None:
        from upkeep.operations.adoption import once  # noqa: PLC0415 - needs models
        from upkeep.operations.adoption.process import Call  # noqa: PLC0415

        arguments = adopted.arguments(params, dry_run=run.dry_run)
        call = Call(CALL, [["manage.py", command, *arguments]], label, time_limit, repeatable=repeatable)
        once.carry_out(call, run)

    name = name or f"{_label(command)}.{command}"
    run_command.__doc__ = summary or f"Run the management command {command}."
    run_command.__name__ = run_command.__qualname__ = short_name = name.rpartition(".")[2]
    run_command.__module__ = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001 - the author's, as of a decorated function
    operation = Operation(
        name, run_command, lambda: adopted.params_type, queue, exclusive, confirm, read_only, (), aliases, 1, about,
        "summary", None, has_dry_run=bool(dry_run), has_own_command=short_name != command, has_limits=False,
        resumable=repeatable, examples=examples,
    )  # fmt: skip
    register(operation)
    registry.examine(adopted.problems)
    return operation


@dataclass(frozen=True)
class _Command:
    """A command as it is adopted. It is imported when its arguments are first asked for."""

    name: str
    exclude: tuple[str, ...]
    dry_run: str
    confirmed: bool
    """Whether a run of it requires confirmation."""

    @cached_property
    def params_type(self) -> type[Params]:
        """Its arguments as params. Raises OperationError with all of its problems."""
        if problems := [f"{problem.message} {problem.hint}" for problem in self._problems]:
            raise OperationError(" ".join(problems))
        return models.params_type(self.name, self._flags.fields(), self._parse)

    def arguments(self, params: Params, *, dry_run: bool) -> list[str]:
        """The command line of a run."""
        values = {name: getattr(params, name) for name in type(params).model_fields}
        return self._flags.arguments(values, dry_run=dry_run)

    def problems(self) -> Iterator[registry.Problem]:
        """Why it cannot be adopted, for the system check."""
        for message, hint in self._problems:
            yield registry.Problem("upkeep_operations.E016", message, hint)

    def _parse(self, params: Params) -> None:
        """Let the command's own parser judge. Raises ValueError."""
        try:
            self._parser().parse_args(self.arguments(params, dry_run=False))
        except CommandError as error:
            raise ValueError(str(error).removeprefix("Error: ")) from None

    @cached_property
    def _flags(self) -> Flags:
        return flags.read(self._parser(), exclude=self.exclude, dry_run=self.dry_run)

    @cached_property
    def _problems(self) -> list[Problem]:
        found = [] if (problem := self._absence()) is None else [problem]
        if not found:
            found = list(self._flags.problems)
            if flags.asks(self._parser()) and not self.confirmed:
                found.append(
                    Problem(
                        "it asks before it does something, and a run can ask nobody.", 'Adopt it with confirm="yes".'
                    )
                )
        return [Problem(f"adopt_command({self.name!r}): {message}", hint) for message, hint in found]

    def _absence(self) -> Problem | None:
        """Why there is no such command to adopt."""
        if self.name not in get_commands():
            close = get_close_matches(self.name, get_commands(), n=1)
            hint = f"Did you mean {close[0]!r}?" if close else "`manage.py help` lists them; is its app installed?"
            return Problem("there is no such management command.", hint)
        if isinstance(getattr(self._loaded(), "operation", None), Operation):
            return Problem("it is the command of an operation already.", "Take this out.")
        return None

    def _parser(self) -> CommandParser:
        """Made anew: one that has judged may have kept something."""
        parser = self._loaded().create_parser("manage.py", self.name)
        parser.called_from_command_line = False  # it raises, and does not exit
        return parser

    def _loaded(self) -> BaseCommand:
        app = get_commands()[self.name]
        return app if isinstance(app, BaseCommand) else load_command_class(app, self.name)


def _label(command: str) -> str:
    """Of the app that has the command; `django` for Django's own."""
    package = str(get_commands().get(command, ""))
    config = next((config for config in apps.get_app_configs() if config.name == package), None)
    return config.label if config else "django"
