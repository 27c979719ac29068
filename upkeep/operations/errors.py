"""What can go wrong around a run, as it is shown to people.

OperationError               one line for people; the run or the command failed, exit code 1
├── UnknownOperationError    no operation of that name; exit code 2
├── InvalidParamsError       values that do not fit the operation's params; exit code 2
├── UnconfirmedError         a destructive operation without its confirmation; exit code 2
├── NotConfiguredError       a setting that the operation wants is missing; exit code 1
└── AlreadyRunningError      another run holds the exclusive key; exit code 4

RunInterrupted (a KeyboardInterrupt)    cancelled, or Ctrl-C
HandOver (a BaseException)              the worker is stopping; the run goes back to the queue
└── Overtime                            its soft time limit has passed
LostClaim (a BaseException)             the run belongs to another executor now
Divided (a BaseException)               a step was shared among parts, for which the run waits
PartDone (a BaseException)              the run is a part of another one, and at its end
"""

from typing import ClassVar


class OperationError(Exception):
    """The operation could not be done."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "") -> None:
        """Say `message`, or the class's own first line."""
        super().__init__(message or (self.__doc__ or "").splitlines()[0])


class UnknownOperationError(OperationError):
    """There is no operation of that name."""

    exit_code = 2


class InvalidParamsError(OperationError):
    """The values do not fit the operation's parameters."""

    exit_code = 2


class UnconfirmedError(OperationError):
    """A destructive operation was not confirmed; nothing was touched."""

    exit_code = 2


class NotConfiguredError(OperationError):
    """A setting that the operation needs is missing."""

    def __init__(self, operation: str, reason: str) -> None:
        """`reason` says what to set."""
        super().__init__(f"{operation} is not configured: {reason}")
        self.reason = reason


class AlreadyRunningError(OperationError):
    """Another run of the same kind is in progress."""

    exit_code = 4


class RunInterrupted(KeyboardInterrupt):  # it is a KeyboardInterrupt: psycopg then cancels the statement too
    """The run was asked to stop."""


class HandOver(BaseException):  # not an error, and no guard for errors may swallow it
    """The executor is stopping; another one is to continue the run."""


class Overtime(HandOver):
    """The worker's soft time limit has passed; the run is to continue as another task."""


class LostClaim(BaseException):  # not an error, and no guard for errors may swallow it
    """The run was taken over by another executor; this one must not write any more."""


class Divided(BaseException):  # not an error, and no guard for errors may swallow it
    """A step was split into parts; the run waits for them, and continues when they are done."""


class PartDone(BaseException):  # not an error, and no guard for errors may swallow it
    """The run is a part of another one, which does what comes after the step."""
