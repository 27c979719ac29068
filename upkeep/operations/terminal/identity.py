"""Who gives a command: the system user, and the project's user if they say so."""

import os
import pwd
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.db import DataError
from django.utils import timezone

from upkeep.operations.errors import OperationError
from upkeep.operations.models import Run, RunLog

MAX_LENGTH = 100


class Identity(NamedTuple):
    """Who gives a command."""

    system_user: str
    user: Any = None
    """The project's, by `--as`."""

    def __str__(self) -> str:
        """As logs name them."""
        return f"{self.user} ({self.system_user})" if self.user else self.system_user

    def log(self, run: Run, deed: str) -> None:
        """Note in the run's log what they did to it."""
        RunLog.objects.create(run=run, at=timezone.now(), message=f"{deed} by {self}, from the command line")


def add_argument(parser: CommandParser) -> None:
    """Let people say which user of the project they are."""
    help_text = "Record this user of the project, as well as the system user, as the one who did it."
    parser.add_argument("--as", dest="as_user", metavar="USERNAME", help=help_text)


def of(options: dict[str, Any]) -> Identity:
    """Who gives the command with these options. Raises OperationError when `--as` names no active user."""
    return Identity(system_user(), None if options["as_user"] is None else _named(options["as_user"]))


def system_user() -> str:
    """The name of the user that this process runs as, or their number: containers may have users without a name.

    With `sudo`, also that of its caller. Asks neither the terminal, which a process need not have, nor
    variables that are often another user's (LOGNAME, USER).
    """
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    caller = os.environ.get("SUDO_USER", "")
    text = f"{name} (sudo by {caller})" if caller else name
    return "".join(sign if sign.isprintable() else "?" for sign in text)[:MAX_LENGTH]


def _named(name: str) -> Any:
    model = get_user_model()
    try:
        user = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()  # noqa: SLF001 - Django documents it
    except (DataError, ValidationError, ValueError):  # no user can have that name
        user = None
    if user is None:
        raise OperationError(f"--as {name!r}: there is no such user; nothing was done")
    if not user.is_active:
        raise OperationError(f"--as {name!r}: this user is inactive; nothing was done")
    return user
