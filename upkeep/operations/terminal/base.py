"""The commands' common ground: output that cannot be written harms nothing, and what goes wrong is one line."""

import sys
from io import TextIOWrapper
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.db import Error as DatabaseError

from upkeep.operations import streams
from upkeep.operations.errors import OperationError
from upkeep.operations.execution.failures import explanation
from upkeep.operations.terminal.arguments import OperationParser

INTERRUPTED_EXIT_CODE = 130


class TolerantCommand(BaseCommand):
    """Does its work, and exits as that ended, whether or not its output can be written."""

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a process of its own."""
        streams.secure()
        _connect(self.stdout, sys.stdout)  # Django took those of before
        _connect(self.stderr, sys.stderr)
        try:
            super().run_from_argv(argv)
        finally:
            streams.settle()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's parser, but for its way to tell errors."""
        parser = super().create_parser(prog_name, subcommand, allow_abbrev=False, **kwargs)
        parser.__class__ = OperationParser  # Django offers no other way to choose the class
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; whatever goes wrong is a CommandError with one line and the exit code of its kind.

        The streams of a caller need not work either.
        """
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # what it cannot show must not fail a run
        for name, wrapper in (("stdout", self.stdout), ("stderr", self.stderr)):
            if options.get(name):
                options[name] = streams.Unfailing(options[name])
            else:
                _connect(wrapper, streams.Unfailing(wrapper._out))  # noqa: SLF001 - see there
        try:
            return super().execute(*args, **options)
        except KeyboardInterrupt:
            raise CommandError("interrupted", returncode=INTERRUPTED_EXIT_CODE) from None
        except OperationError as error:
            raise CommandError(str(error), returncode=error.exit_code) from error
        except DatabaseError as error:
            raise CommandError(f"the database says: {explanation(error)} (is it there, and migrated?)") from error


def _connect(wrapper: OutputWrapper, stream: Any) -> None:
    """Let it write there. Another wrapper would not do: it would lose its style."""
    wrapper._out = stream  # type: ignore[attr-defined]  # noqa: SLF001 - Django has no other way
