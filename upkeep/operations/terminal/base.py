"""The commands' common ground: output that cannot be written harms nothing, and what goes wrong is one line."""

import sys
import traceback
from io import TextIOWrapper
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from upkeep.operations import streams
from upkeep.operations.errors import OperationError
from upkeep.operations.execution.failures import explanation
from upkeep.operations.terminal.arguments import OperationParser
from upkeep.operations.terminal.escaping import connect, plain

INTERRUPTED_EXIT_CODE = 130


class TolerantCommand(BaseCommand):
    """Does its work, and exits as that ended, whether or not its output can be written."""

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a process of its own."""
        streams.secure()
        connect(self.stdout, sys.stdout)  # Django took those of before
        connect(self.stderr, sys.stderr)
        try:
            super().run_from_argv(argv)
        except Exception as error:  # noqa: BLE001 - one that nobody foresaw, or with --traceback any
            self.stderr.write("".join(traceback.format_exception(error)), str)
            sys.exit(_exit_code(error))
        finally:
            streams.settle()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's parser, but for the way it reports errors."""
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
            stream = options.pop(name, None)  # else Django would make another wrapper for it
            if stream:
                wrapper.style_func = None
            connect(wrapper, streams.Unfailing(stream or wrapper._out))  # noqa: SLF001 - see there
        try:
            return super().execute(*args, **options)
        except KeyboardInterrupt:
            raise CommandError("interrupted", returncode=INTERRUPTED_EXIT_CODE) from None
        except OperationError as error:
            raise CommandError(plain(str(error)), returncode=error.exit_code) from error
        except DatabaseError as error:
            is_psycopgs = hasattr(error.__cause__, "sqlstate")  # else there was no server to ask, and it says why
            hint = " (is it running and migrated?)" if is_psycopgs else ""
            raise CommandError(f"the database reports: {explanation(error)}{hint}") from error


def _exit_code(error: Exception) -> int:
    if isinstance(error, CommandError):
        return error.returncode
    return error.exit_code if isinstance(error, OperationError) else 1
